"""The job queues: arq as queue, worker loop, cron and scheduler, with the atomic steps beside it.

Belongs here: the faces of arq, the one worker class, its program and process, the supervisor. May
not live here: what a job does, HTTP, keys and scripts (those are the store's).
"""
