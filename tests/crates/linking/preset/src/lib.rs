//! No hook of its own, but two plugins: who depends on it has both.

xqute::link_plugins!();
