"""A GitHub push becomes a message on Discord, with stand-ins for both."""
