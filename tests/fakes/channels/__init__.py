"""Stand-ins for the chat platforms, one file each; what they share is in `platform`."""
