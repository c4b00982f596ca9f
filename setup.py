"""The one compiled part, optional: where there is no C compiler the installation goes on, and the
pipeline makes the same rows with pyarrow's reader alone (pipeline/transform/plain.py). All else
stands in setup.cfg.
"""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "pipeline.transform._scan",
            ["pipeline/transform/scan.c"],
            depends=["pipeline/transform/scan_tokens.h"],
            py_limited_api=True,
            optional=True,
        )
    ]
)
