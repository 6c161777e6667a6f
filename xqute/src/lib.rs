//! placeholder
#[doc(hidden)]
pub use xqute_core::__private;
pub use xqute_core::*;
pub use xqute_core::{hook, hookspec, link_plugins, plugin, plugins};

use xqute_core::__private::{SENTINEL, linkme};

/// If the linker drops this, it drops plugins too: `build()` then refuses to go on.
#[linkme::distributed_slice(SENTINEL)]
#[linkme(crate = linkme)]
static HOOKS_REGISTER: u8 = 0;
