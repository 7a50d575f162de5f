//! Members, circles, markings: decides what may be released to whom.
