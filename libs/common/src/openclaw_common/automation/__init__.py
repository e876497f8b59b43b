"""What happens at a time: cron jobs as they are scheduled, and what their ticks become.

Belongs here: what both the ingress (`/v1/cron`) and the agent worker need of jobs. May not live
here: the loop that fires what is due, heartbeats (the agent worker's), HTTP.
"""
