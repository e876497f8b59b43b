"""One endpoint a file: reads the request, asks the store or queue, shapes the answer.

Handlers do not import each other and raise the errors of `errors.py`. May not live here: anything
that two endpoints share, or that runs for every request.
"""
