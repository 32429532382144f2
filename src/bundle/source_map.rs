//! Source maps of compiled programs, made right for where they are published.
