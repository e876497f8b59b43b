"""What people see of a run before its result is delivered: an indicator, a preview of the text.

Belongs here: taking what is due, asking the platform for it, handing a preview to the delivery. May
not live here: deliveries themselves; nothing here may fail one.
"""
