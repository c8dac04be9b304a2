"""The page that shows how a log platform stands: results in, one self-contained HTML document out.

Flow: `page.build` asks each module of `sections` to read its results and to make its section, `page.html` puts the
sections into one document. Only `read` functions touch the results store; everything else is pure.
"""
