//! The attributes and macros of xqute. Use them through the facade, `xqute`, where they are documented.

mod family;
mod hook;
mod link;
mod manifest;
mod names;
mod options;
mod place;
mod plugin;
mod register;
mod slices;
mod spec;
mod suggest;

use proc_macro::TokenStream;

/// See the facade.
#[proc_macro_attribute]
pub fn hook(options: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand(options.into(), item.into()).into()
}

/// See the facade.
#[proc_macro_attribute]
pub fn hookspec(options: TokenStream, item: TokenStream) -> TokenStream {
    family::expand(options.into(), item.into()).into()
}

/// See the facade.
#[proc_macro]
pub fn link_plugins(options: TokenStream) -> TokenStream {
    link::expand(options.into()).into()
}

/// The second step of [`hook`](macro@hook): called by the macro of a family, which knows its hooks.
#[doc(hidden)]
#[proc_macro]
pub fn register(input: TokenStream) -> TokenStream {
    register::expand(input.into()).into()
}

/// The body of `plugin!`: called by the macro of that name, which knows where the core is.
#[doc(hidden)]
#[proc_macro]
pub fn plugin(input: TokenStream) -> TokenStream {
    plugin::expand(input.into()).into()
}

/// Declares distributed slices under names that no other crate or version can have.
#[doc(hidden)]
#[proc_macro]
pub fn slices(input: TokenStream) -> TokenStream {
    slices::expand(input.into()).into()
}
