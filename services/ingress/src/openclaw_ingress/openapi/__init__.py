"""The API as an OpenAPI 3.1 document, and the page that shows it.

Belongs here: what each route takes and answers, as types and rows beside the route table, and how
a document is made of them. May not live here: parsing, answering, anything that a request passes.
Source: https://spec.openapis.org/oas/v3.1.1.html
"""
