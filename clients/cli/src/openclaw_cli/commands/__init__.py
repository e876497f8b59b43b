"""The commands, one a file: what is asked on the command line, to calls and printed lines.

Belongs here: parsing of arguments, output for people and scripts. May not live here: HTTP.
"""
