//! `plugin!(name = "…", priority = n, enabled = bool)`: a module is a plugin.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Expr, LitBool, LitStr, Path, Result, Token};

use crate::{options, place};

#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    priority: Option<Expr>,
    enabled: Option<LitBool>,
}

/// Input: the path of the core's door, `;`, and the user's options.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let split = |input: ParseStream<'_>| {
        let private = Path::parse_mod_style(input)?;
        input.parse::<Token![;]>()?;
        Ok((private, input.parse::<TokenStream>()?))
    };
    let expanded =
        split.parse2(input).and_then(|(private, options)| Ok(declare(&quote!(#private), &read(options)?)));
    expanded.unwrap_or_else(|error| error.into_compile_error())
}

fn read(tokens: TokenStream) -> Result<Options> {
    let mut options = Options::default();
    let value = |key: &options::Key, input: ParseStream<'_>| {
        match key.name.as_str() {
            "name" => options.name = Some(name(input)?),
            "priority" => options.priority = Some(options::priority(input)?),
            _ => {
                let wrong =
                    "`enabled` is `true` or `false`: whether the plugin is on when a run selects nothing";
                let span = input.span();
                options.enabled = Some(input.parse().map_err(|_| Error::new(span, wrong))?);
            }
        }
        Ok(())
    };
    let bare = |input: ParseStream<'_>| {
        Err(input.error("write `name = \"…\"`, `priority = n` or `enabled = false`, or nothing"))
    };
    options::read(tokens, &["name", "priority", "enabled"], value, bare)?;
    Ok(options)
}

fn name(input: ParseStream<'_>) -> Result<LitStr> {
    let span = input.span();
    let name: LitStr = input
        .parse()
        .map_err(|_| Error::new(span, "a plugin's name is a text, such as `name = \"slack\"`"))?;
    let text = name.value();
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if !text.starts_with(|it: char| it.is_ascii_alphanumeric()) || !text.chars().all(fits) {
        let wrong = "a plugin's name begins with a letter or digit and has only letters, digits, `-`, `_` and `.`: \
                     it is typed on command lines";
        return Err(Error::new(name.span(), wrong));
    }
    Ok(name)
}

fn declare(private: &TokenStream, options: &Options) -> TokenStream {
    let place = place::of_invocation(private);
    let name = match &options.name {
        Some(name) => quote!(::core::option::Option::Some(#name)),
        None => quote!(::core::option::Option::None),
    };
    let priority = options.priority.as_ref().map_or_else(|| quote!(0), |it| quote!(#it));
    let enabled = options.enabled.as_ref().is_none_or(LitBool::value);
    quote! {
        #[doc(hidden)]
        pub static __XQUTE_PLUGIN: #private::PluginMeta = #private::PluginMeta {
            given_name: #name,
            priority: #priority,
            enabled: #enabled,
            place: #place,
        };
        const _: () = {
            #[#private::linkme::distributed_slice(#private::PLUGINS)]
            #[linkme(crate = #private::linkme)]
            static __PLUGIN: &#private::PluginMeta = &__XQUTE_PLUGIN;
        };
    }
}
