"""One module a format, each with ``read(path, fields)`` and ``write(examples, path)``."""
