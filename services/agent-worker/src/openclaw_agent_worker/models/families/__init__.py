"""One module for each API that is spoken through a provider's SDK; importing one imports the SDK.

Each has `build(target, http) -> SdkModel`. Only `registry` imports them, when a run needs one.
"""
