"""A whole gateway of real processes on one Valkey, for the system, fault and contract rings."""
