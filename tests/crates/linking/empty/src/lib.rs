//! Named like a plugin, and has no hook.
