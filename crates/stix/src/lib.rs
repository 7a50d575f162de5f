//! STIX 2.1: ids, timestamps, heads over raw JSON, markings, patterns, bundles.
