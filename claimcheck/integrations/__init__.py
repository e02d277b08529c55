"""Spans where people work already: spaCy, Hugging Face data sets, pandas and polars, tools that count in UTF-16."""
