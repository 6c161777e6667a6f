//! `#[hookspec]`: a trait becomes a family of hooks, that is one slice per hook, a struct of tables, and a hidden macro
//! that carries the signatures to every `#[hook]`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Error, ItemTrait, Path, Result, Visibility, parse_quote};

use crate::spec::{self, Hook, Mode};
use crate::{lifetimes, names, options, slices};

struct Options {
    krate: Path,
    /// The module that the family is declared in.
    home: Path,
    /// Whose fault it is if that is wrong.
    home_span: Option<Span>,
}

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = options_of(options).and_then(|options| {
        let item: ItemTrait = syn::parse2(item).map_err(|it| {
            Error::new(it.span(), "`#[hookspec]` goes on a trait: its functions are the hooks")
        })?;
        let hooks = spec::read(&item)?;
        Ok(Family { options, item, hooks }.expand())
    });
    expanded.unwrap_or_else(|error| error.into_compile_error())
}

fn options_of(tokens: TokenStream) -> Result<Options> {
    let mut options = Options { krate: parse_quote!(::xqute), home: parse_quote!(crate), home_span: None };
    let value = |key: &options::Key, input: ParseStream<'_>| {
        let path = options::path(key, input)?;
        if key.name == "crate" {
            options.krate = path;
        } else if path.segments.first().is_some_and(|it| it.ident == "crate") {
            options.home_span = path.segments.last().map(|it| it.ident.span());
            options.home = path;
        } else {
            let wrong = "the path of a family begins with `crate`: the module that it is declared in";
            return Err(Error::new_spanned(path, wrong));
        }
        Ok(())
    };
    let bare = |input: ParseStream<'_>| {
        Err(input.error("write `path = crate::module` (where the family is declared) or `crate = path`"))
    };
    options::read(tokens, &["path", "crate"], value, bare)?;
    Ok(options)
}

struct Family {
    options: Options,
    item: ItemTrait,
    hooks: Vec<Hook>,
}

impl Family {
    fn expand(&self) -> TokenStream {
        let parts = [self.module(), self.tables(), self.methods(), self.door()];
        parts.into_iter().collect()
    }

    fn private(&self) -> TokenStream {
        let krate = &self.options.krate;
        quote!(#krate::__private)
    }

    fn module_name(&self) -> Ident {
        names::family_module(&self.item.ident)
    }

    /// The hidden module: a type and a slice per hook, and the way to the core.
    fn module(&self) -> TokenStream {
        let (name, visibility, private) = (self.module_name(), &self.item.vis, self.private());
        let inside = one_deeper(visibility);
        let family = self.item.ident.to_string();
        // Aliases, because a lifetime that stands in a projection alone is early bound, and `#[hook]`'s wrapper must be
        // callable for every lifetime. The marker keeps that so for a hook without references.
        let aliases = self.hooks.iter().map(|Hook { name, args, .. }| {
            let args = args.iter().map(|(_, ty)| lifetimes::named(ty));
            quote!(pub type #name<'a> = (::core::marker::PhantomData<&'a ()>, #(#args,)*);)
        });
        let types = self.hooks.iter().map(|hook| {
            let (name, output) = (&hook.name, hook.output());
            let text = name.unraw().to_string();
            let args = quote_spanned!(name.span()=> __args::#name<'a>);
            quote! {
                #[derive(Debug)]
                #inside enum #name {}
                impl #private::HookSpec for #name {
                    type Args<'a> = #args;
                    type Output = #output;
                    const FAMILY: &'static str = #family;
                    const NAME: &'static str = #text;
                }
            }
        });
        let home = self.options.home.to_token_stream().to_string();
        let linkme = quote!(#private::linkme);
        let slices = self.hooks.iter().map(|hook| {
            let (entry, hook) = (hook.entry(&private), &hook.name);
            let ty = quote!([#entry<super::#hook>]);
            slices::declare_named(&[], &parse_quote!(pub), (hook, &[&home, &family]), &ty, &linkme)
        });
        let hooks = self.hooks.iter().map(|hook| &hook.name);
        quote! {
            #[doc(hidden)]
            #[allow(
                non_camel_case_types, non_snake_case, non_upper_case_globals, missing_docs, private_interfaces,
                unreachable_pub, unsafe_code, unused_imports, reason = "generated; the statics are placed by `link_section`"
            )]
            #visibility mod #name {
                use super::*;
                pub use #private as __private;
                #(#types)*
                pub mod __args {
                    use super::*;
                    #(#aliases)*
                }
                pub mod __slices {
                    #(#slices)*
                }
                fn all(hooks: &mut ::std::vec::Vec<&'static __private::HookMeta>) {
                    #(hooks.extend(__slices::#hooks.iter().map(__private::Entry::meta));)*
                }
                #[#linkme::distributed_slice(__private::FAMILIES)]
                #[linkme(crate = #linkme)]
                static __FAMILY: __private::Family = all;
            }
        }
    }

    fn tables(&self) -> TokenStream {
        let (attributes, visibility, name) = (&self.item.attrs, &self.item.vis, &self.item.ident);
        let (private, module) = (self.private(), self.module_name());
        let fields = self.hooks.iter().map(|hook| {
            let (entry, hook) = (hook.entry(&private), &hook.name);
            quote!(#hook: #private::Table<#entry<#module::#hook>>)
        });
        quote! {
            #(#attributes)*
            #[derive(Debug)]
            #visibility struct #name { #(#fields),* }
        }
    }

    fn methods(&self) -> TokenStream {
        let (visibility, name, private) = (&self.item.vis, &self.item.ident, self.private());
        let module = self.module_name();
        let built = self.hooks.iter().map(|it| {
            let hook = &it.name;
            quote!(#hook: #private::Table::build(&#module::__slices::#hook, plugins))
        });
        let calls = self.hooks.iter().map(|hook| hook.methods(visibility, &private));
        let names = self.hooks.iter().map(|hook| hook.name.unraw().to_string());
        quote! {
            impl #name {
                /// The names of its hooks, in the order of their declaration.
                #[allow(dead_code, reason = "not everyone asks")]
                #visibility const NAMES: &'static [&'static str] = &[#(#names),*];

                /// Freezes and sorts the tables of a run: the hooks of its plugins, in the order of their calls.
                ///
                /// Build it once for a run: each has counters of its own, which the run's summary shows.
                #[must_use]
                #visibility fn build(plugins: &#private::PluginSet) -> Self {
                    Self { #(#built),* }
                }
                #(#calls)*
            }
        }
    }

    /// The macro of the family's own name, which `#[hook]` calls with the user's tokens.
    fn door(&self) -> TokenStream {
        let (name, module) = (&self.item.ident, self.module_name());
        let home = &self.options.home;
        let steps = home.segments.iter().skip(1);
        let at = quote!($crate #(::#steps)* ::#module);
        let hidden = names::unique(&[&home.to_token_stream().to_string(), &name.to_string(), "macro"]);
        let hidden = format_ident!("__{}", hidden.to_string().to_lowercase());
        let krate = names::own().join(" ");
        let signatures = self.hooks.iter().map(Hook::signature);
        let (export, reexport) = match &self.item.vis {
            Visibility::Public(_) => (Some(quote!(#[macro_export])), quote!(pub)),
            Visibility::Inherited => (None, quote!(pub(self))),
            Visibility::Restricted(restricted) => (None, restricted.to_token_stream()),
        };
        // An error here means that `path = …` does not name the module that the family is declared in.
        let named = Ident::new(&name.to_string(), self.options.home_span.unwrap_or(name.span()));
        let found = quote_spanned!(named.span()=> #home::#named);
        quote! {
            #[doc(hidden)]
            #export
            macro_rules! #hidden {
                ($($user:tt)*) => {
                    #at::__private::register! { { #at } #krate #name { #(#signatures)* } $($user)* }
                };
            }
            #[doc(hidden)]
            #[allow(unused_imports, reason = "a family without an implementation in its own crate")]
            #reexport use #hidden as #name;
            #[allow(unused_qualifications, reason = "the path as it was given")]
            const _: ::core::option::Option<#found> = ::core::option::Option::None;
        }
    }
}

impl Hook {
    fn entry(&self, private: &TokenStream) -> TokenStream {
        if self.is_async { quote!(#private::AsyncEntry) } else { quote!(#private::SyncEntry) }
    }

    fn output(&self) -> TokenStream {
        self.output.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream)
    }

    fn mode(&self, private: &TokenStream) -> TokenStream {
        match self.mode {
            Mode::All => quote!(#private::All),
            Mode::First => quote!(#private::First::<_>::default()),
            Mode::Veto => quote!(#private::Veto::default()),
            Mode::Each => {
                let each = local("each", Span::call_site());
                quote!(#private::Each(#each))
            }
        }
    }

    /// What a call of the hook gives.
    fn result(&self, private: &TokenStream) -> TokenStream {
        let output = self.output();
        let inner = match self.mode {
            Mode::All | Mode::Each => quote!(()),
            Mode::First => quote!(::core::option::Option<#private::Said<#output>>),
            Mode::Veto => quote!(::core::option::Option<#private::Said<::std::borrow::Cow<'static, str>>>),
        };
        let fault = quote!(::std::sync::Arc<#private::Fault>);
        match (self.gate, self.faults) {
            (true, _) => quote!(::core::result::Result<#inner, #fault>),
            (_, true) => quote!((#inner, ::core::option::Option<#fault>)),
            _ => inner,
        }
    }

    /// The typed call, and whether it would call anybody.
    fn methods(&self, visibility: &Visibility, private: &TokenStream) -> TokenStream {
        let Self { attributes, name, args, is_async, .. } = self;
        let has = format_ident!("has_{}", name);
        let has_doc = format!("Whether the run has an implementation of `{name}`.");
        let (names, types): (Vec<_>, Vec<_>) = args.iter().map(|(name, ty)| (name, ty)).unzip();
        let output = self.output();
        let span = output.span();
        let (mode, each) = (local("mode", span), local("each", span));
        let each = (self.mode == Mode::Each).then(|| quote!(, #each: impl ::core::ops::FnMut(&str, #output)));
        let (result, made) = (self.result(private), self.mode(private));
        let made = match (self.gate, self.faults) {
            (true, _) => quote!(#private::Gate::new(#made)),
            (_, true) => quote!(#private::Faults::new(#made)),
            _ => made,
        };
        // A result that the mode cannot collect is told at its type, once.
        let finish = located(quote!(#private::Mode::<#output>::finish), span);
        let finish = quote_spanned!(span=> #finish(#mode));
        let call = quote_spanned!(span=> call);
        let (asyncness, wait) =
            if *is_async { (Some(quote!(async)), Some(quote!(.await))) } else { (None, None) };
        let must_use = (self.mode != Mode::All && self.mode != Mode::Each && !*is_async && !self.gate)
            .then(|| quote!(#[must_use]));
        quote! {
            #(#attributes)*
            #[inline]
            #must_use
            #[allow(clippy::too_many_arguments, reason = "as many as the hook has")]
            #visibility #asyncness fn #name(&self #(, #names: #types)* #each) -> #result {
                let #mode = #made;
                if self.#name.is_empty() {
                    return #finish;
                }
                self.#name.#call((::core::marker::PhantomData, #(#names,)*), #mode)#wait
            }

            #[doc = #has_doc]
            #[allow(dead_code, reason = "not everyone asks")]
            #[inline]
            #[must_use]
            #visibility fn #has(&self) -> bool {
                !self.#name.is_empty()
            }
        }
    }

    /// The signature as `#[hook]` needs it.
    fn signature(&self) -> TokenStream {
        let Self { attributes, name, args, output, is_async, .. } = self;
        let deprecated = attributes.iter().find(|it| it.path().is_ident("deprecated"));
        let asyncness = is_async.then(|| quote!(async));
        let args = args.iter().map(|(name, ty)| quote!(#name: #ty));
        let output = output.as_ref().map(|ty| quote!(-> #ty));
        quote!(#name { #deprecated #asyncness fn #name(#(#args),*) #output; })
    }
}

/// The same visibility, said in a module below. It is that of the hooks' types, or their arguments would seem to leak.
fn one_deeper(visibility: &Visibility) -> Visibility {
    let Visibility::Restricted(restricted) = visibility else {
        return match visibility {
            Visibility::Inherited => parse_quote!(pub(super)),
            other => other.clone(),
        };
    };
    let path = &restricted.path;
    match path.segments.first() {
        Some(first) if first.ident == "self" => parse_quote!(pub(super)),
        Some(first) if first.ident == "super" => parse_quote!(pub(in super::#path)),
        _ => visibility.clone(),
    }
}

/// A name that no argument of a hook can have, however it is spelt.
fn local(name: &str, span: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(span))
}

/// The same tokens, for an error to be shown elsewhere.
fn located(tokens: TokenStream, span: Span) -> TokenStream {
    let at = |mut token: TokenTree| {
        token.set_span(token.span().located_at(span));
        token
    };
    tokens.into_iter().map(at).collect()
}
