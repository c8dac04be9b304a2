"""Compile the reader of listings before an audit needs it: `python -m logops.audit.compile_ahead`.

Numba compiles a function at its first call and caches the result beside the source (or in `NUMBA_CACHE_DIR`). For the
reader of listings in XML, that takes 15 s of processor time, which is most of the start of an audit in a new checkout.
`make up` runs this module while it waits for other things. A build of a container image can run it as well.
"""

from logops.audit.survey.blob_names import ChunkNames
from logops.clients.blob_storage.listing.xml_page import read_xml_page

_PAGE = (
    b'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs><Blob><Name>tenant/1/1-2-3</Name><Properties>'
    b"<Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified><Content-Length>1</Content-Length>"
    b"<AccessTier>Hot</AccessTier></Properties></Blob></Blobs><NextMarker/></EnumerationResults>"
)


def compile_ahead() -> int:
    """Read a listing of one chunk, and so compile every function that does. Return the number of chunks, 1."""
    page = read_xml_page(_PAGE)
    is_chunk, _ = ChunkNames().read(page.batch["name"])
    return int(is_chunk.sum())


if __name__ == "__main__":
    compile_ahead()
