"""Compiling ahead: a later listing compiles nothing."""

import subprocess
import sys

LISTS_AFTERWARDS = """
from numba.core.dispatcher import Dispatcher

from logops.audit.compile_ahead import compile_ahead
from logops.audit.survey import blob_names
from logops.clients.blob_storage.listing import xml_page, xml_scan


def compiled():
    functions = [*vars(xml_scan).values(), *vars(blob_names).values()]
    return {function.__name__: function.signatures for function in functions if isinstance(function, Dispatcher)}


assert compile_ahead() == 1
before = compiled()
page = xml_page.read_xml_page(
    b'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs><BlobPrefix><Name>index/</Name></BlobPrefix>'
    b'<Blob><Name Encoded="true">a%2F1/1-2-3</Name><Properties><Content-Length>7</Content-Length>'
    b'<Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified><AccessTier>Cool</AccessTier>'
    b'<AccessTierChangeTime>Thu, 01 Jan 2026 00:00:00 GMT</AccessTierChangeTime></Properties></Blob></Blobs>'
    b'<NextMarker>more</NextMarker></EnumerationResults>'
)
blob_names.ChunkNames().read(page.batch["name"])
print(sum(map(len, before.values())), compiled() == before)
"""


def test_listing_after_compile_ahead_compiles_nothing() -> None:
    ran = subprocess.run([sys.executable, "-c", LISTS_AFTERWARDS], capture_output=True, text=True, check=True)
    functions, is_unchanged = ran.stdout.split()
    assert int(functions) >= 2
    assert is_unchanged == "True"
