"""What people write in chats becomes runs: policy, routing, admission.

Shared by the ingress (webhooks) and the delivery service (held connections). It takes messages in
the form of `contracts.inbound`, whatever platform they come from, and nothing here waits for a
model or a platform: when `Intake.take` returns, everything is in Redis.
"""
