"""The revisions, one a file, named in their order. What a released one says is never changed."""
