"""Chat platforms: what an address looks like, how a message is cut, how one part is sent.

Belongs here: one folder per channel, and what every channel needs (`base`, `registry`, `targets`,
`chunking`). May not live here: leases, retries, pacing, anything that knows Redis. One channel
never imports another.
"""
