//! The only door from a line to a partner: reads records and releases them through policy.
