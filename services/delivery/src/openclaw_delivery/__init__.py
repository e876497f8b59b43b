"""The delivery service: executes deliveries, one part after another, through the channels.

Belongs here: the job function, pacing, the retry schedule, the breaker of an account, held
connections. May not live here: a platform's protocol (`openclaw_channels`), anything that calls a
model or serves clients.
"""
