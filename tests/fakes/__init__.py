"""Stand-ins for services the gateway talks to, each a real server on 127.0.0.1.

Belongs here: protocol-true fakes that a test can script and watch. May not live here: mocks of our
own classes, and anything that imports a service.
"""
