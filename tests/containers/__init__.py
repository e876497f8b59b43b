"""The gateway as containers: images, the Compose stack, Valkey in a container.

`make containers` runs all of it. What is marked `engine` needs a container engine; the rest runs in
`make test` too, with the embedded Valkey where there is no engine.
"""
