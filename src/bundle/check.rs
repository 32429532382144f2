//! What must hold before a Worker is uploaded.
