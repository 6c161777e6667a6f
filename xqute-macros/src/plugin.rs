//! `plugin!(name = "…", priority = n, before = "…", after = "…", enabled = bool, config = Type)`: a module is a plugin. `plugins![a, b::c]`: a list of such modules.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, LitBool, LitStr, Path, Result, Token, Type};

use crate::{options, place};

#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    priority: Option<Expr>,
    before: Vec<LitStr>,
    after: Vec<LitStr>,
    enabled: Option<LitBool>,
    config: Option<Type>,
}

/// Input: the path of the core's door, `;`, and the user's options.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    with_door(input, |private, options| Ok(declare(private, &read(options)?)))
}

/// Input: the path of the core's door, `;`, and the user's list.
pub(crate) fn list(input: TokenStream) -> TokenStream {
    with_door(input, |private, list| {
        let paths =
            |input: ParseStream<'_>| Punctuated::<Path, Token![,]>::parse_terminated_with(input, path);
        let metas = paths.parse2(list)?.into_iter().map(|path| {
            // Where there is no plugin, rustc says so at the path.
            let plugin = quote_spanned!(path.span()=> __XQUTE_PLUGIN_OF_THIS_MODULE);
            quote!(&#path::#plugin)
        });
        Ok(quote! {{
            const PLUGINS: &[&#private::PluginMeta] = &[#(#metas),*];
            #private::PluginList::new(PLUGINS)
        }})
    })
}

fn path(input: ParseStream<'_>) -> Result<Path> {
    let wrong =
        "write the path of a crate or module that has `xqute::plugin!()`, such as `xqute_plugin_slack`";
    let span = input.span();
    Path::parse_mod_style(input).map_err(|_| Error::new(span, wrong))
}

fn with_door(
    input: TokenStream,
    expand: impl FnOnce(&TokenStream, TokenStream) -> Result<TokenStream>,
) -> TokenStream {
    let split = |input: ParseStream<'_>| {
        let private = Path::parse_mod_style(input)?;
        input.parse::<Token![;]>()?;
        Ok((quote!(#private), input.parse::<TokenStream>()?))
    };
    let expanded = split.parse2(input).and_then(|(private, rest)| expand(&private, rest));
    expanded.unwrap_or_else(|error| error.into_compile_error())
}

fn read(tokens: TokenStream) -> Result<Options> {
    let mut options = Options::default();
    let value = |key: &options::Key, input: ParseStream<'_>| {
        match key.name.as_str() {
            "name" => options.name = Some(name(input)?),
            "priority" => options.priority = Some(options::priority(input)?),
            "before" => options.before = options::plugins(key, input)?,
            "after" => options.after = options::plugins(key, input)?,
            "config" => options.config = Some(config(input)?),
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
        Err(input.error("write `name = \"…\"`, `priority = n`, `before = \"…\"`, `after = \"…\"`, `enabled = false` or `config = Type`, or nothing"))
    };
    options::read(tokens, &["name", "priority", "before", "after", "enabled", "config"], value, bare)?;
    Ok(options)
}

fn config(input: ParseStream<'_>) -> Result<Type> {
    let wrong = "`config` is the type that the plugin is configured with, such as `config = SlackConfig`";
    let span = input.span();
    input.parse().map_err(|_| Error::new(span, wrong))
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
    let (before, after) = (&options.before, &options.after);
    let enabled = options.enabled.as_ref().is_none_or(LitBool::value);
    let config = match &options.config {
        // At the type, where what it lacks is told.
        Some(config) => quote_spanned! {config.span()=>
            ::core::option::Option::Some(#private::ConfigType::of::<#config>())
        },
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #[doc(hidden)]
        pub static __XQUTE_PLUGIN_OF_THIS_MODULE: #private::PluginMeta = #private::PluginMeta {
            given_name: #name,
            priority: #priority,
            before: &[#(#before),*],
            after: &[#(#after),*],
            enabled: #enabled,
            config: #config,
            place: #place,
        };
        const _: () = {
            #[#private::linkme::distributed_slice(#private::PLUGINS)]
            #[linkme(crate = #private::linkme)]
            static __PLUGIN: &#private::PluginMeta = &__XQUTE_PLUGIN_OF_THIS_MODULE;
        };
    }
}
