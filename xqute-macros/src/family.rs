//! `#[hookspec]`: a trait becomes a family of hooks, that is one slice per hook, a struct of tables, and a hidden macro
//! that carries the signatures to every `#[hook]`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::parse::ParseStream;
use syn::{Error, ItemTrait, Path, Result, Type, Visibility, parse_quote};

use crate::spec::{self, Hook, Mode};
use crate::{names, options, slices};

struct Options {
    krate: Path,
    home: Path,
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
    let mut options = Options { krate: parse_quote!(::xqute), home: parse_quote!(crate) };
    let value = |key: &options::Key, input: ParseStream<'_>| {
        let path = options::path(key, input)?;
        if key.name == "crate" {
            options.krate = path;
        } else if path.segments.first().is_some_and(|it| it.ident == "crate") {
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
        let family = self.item.ident.to_string();
        // Aliases, because a lifetime that stands in a projection alone is early bound, and `#[hook]`'s wrapper must be
        // callable for every lifetime. The marker keeps that so for a hook without references.
        let aliases = self.hooks.iter().map(|Hook { name, args, .. }| {
            let args = args.iter().map(|(_, ty)| with_lifetime(ty));
            quote!(pub type #name<'a> = (::core::marker::PhantomData<&'a ()>, #(#args,)*);)
        });
        let types = self.hooks.iter().map(|hook| {
            let (name, output) = (&hook.name, hook.output());
            quote! {
                #[derive(Debug)]
                pub enum #name {}
                impl #private::HookSpec for #name {
                    type Args<'a> = args::#name<'a>;
                    type Output = #output;
                    const FAMILY: &'static str = #family;
                    const NAME: &'static str = ::core::stringify!(#name);
                }
            }
        });
        let home = self.options.home.to_token_stream().to_string();
        let linkme = quote!(#private::linkme);
        let slices = self.hooks.iter().map(|hook| {
            let (entry, hook) = (hook.entry(&private), &hook.name);
            let ty = quote!([#entry<super::#hook>]);
            slices::declare_named(&[], &parse_quote!(pub), (hook, &[&home, &family]), ty, &linkme)
        });
        quote! {
            #[doc(hidden)]
            #[allow(
                non_camel_case_types, non_snake_case, non_upper_case_globals, missing_docs, unreachable_pub,
                unsafe_code, unused_imports, reason = "generated; the statics are placed by `link_section`"
            )]
            #visibility mod #name {
                use super::*;
                pub use #private as private;
                #(#types)*
                pub mod args {
                    use super::*;
                    #(#aliases)*
                }
                pub mod slices {
                    #(#slices)*
                }
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
            quote!(#hook: #private::Table::build(&#module::slices::#hook, plugins))
        });
        let calls = self.hooks.iter().map(|hook| hook.methods(visibility, &private));
        quote! {
            impl #name {
                /// Freezes and sorts the tables of a run: the hooks of its plugins, in the order of their calls.
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
        let signatures = self.hooks.iter().map(Hook::signature);
        let (export, reexport) = match &self.item.vis {
            Visibility::Public(_) => (Some(quote!(#[macro_export])), quote!(pub)),
            other => (
                None,
                match other {
                    Visibility::Inherited => quote!(pub(self)),
                    restricted => quote!(#restricted),
                },
            ),
        };
        let check =
            Ident::new(&name.to_string(), home.segments.last().map_or(name.span(), |it| it.ident.span()));
        quote! {
            #[doc(hidden)]
            #export
            macro_rules! #hidden {
                ($($user:tt)*) => {
                    #at::private::register! { { #at } #name { #(#signatures)* } $($user)* }
                };
            }
            #[doc(hidden)]
            #[allow(unused_imports, reason = "a family without an implementation in its own crate")]
            #reexport use #hidden as #name;
            #[allow(unused_qualifications, reason = "the path as it was given")]
            // An error here means that `path = …` does not name the module that the family is declared in.
            const _: ::core::option::Option<#home::#check> = ::core::option::Option::None;
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
            Mode::Each => quote!(#private::Each(each)),
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
        if self.gate {
            quote!(::core::result::Result<#inner, ::std::sync::Arc<#private::Fault>>)
        } else {
            inner
        }
    }

    /// The typed call, and whether it would call anybody.
    fn methods(&self, visibility: &Visibility, private: &TokenStream) -> TokenStream {
        let Self { attributes, name, args, is_async, .. } = self;
        let has = format_ident!("has_{name}");
        let has_doc = format!("Whether the run has an implementation of `{name}`.");
        let (names, types): (Vec<_>, Vec<_>) = args.iter().map(|(name, ty)| (name, ty)).unzip();
        let output = self.output();
        let each = (self.mode == Mode::Each).then(|| quote!(, each: impl ::core::ops::FnMut(&str, #output)));
        let (result, mode) = (self.result(private), self.mode(private));
        let mode = if self.gate { quote!(#private::Gate::new(#mode)) } else { mode };
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
                let mode = #mode;
                if self.#name.is_empty() {
                    return #private::Mode::<#output>::finish(mode);
                }
                self.#name.call((::core::marker::PhantomData, #(#names,)*), mode)#wait
            }

            #[doc = #has_doc]
            #[inline]
            #[must_use]
            #visibility fn #has(&self) -> bool {
                !self.#name.is_empty()
            }
        }
    }

    /// The signature as `#[hook]` needs it.
    fn signature(&self) -> TokenStream {
        let Self { name, args, output, is_async, .. } = self;
        let asyncness = is_async.then(|| quote!(async));
        let args = args.iter().map(|(name, ty)| quote!(#name: #ty));
        let output = output.as_ref().map(|ty| quote!(-> #ty));
        quote!(#asyncness fn #name(#(#args),*) #output;)
    }
}

/// The type with the lifetime of the call at its reference.
fn with_lifetime(ty: &Type) -> TokenStream {
    match ty {
        Type::Reference(reference) if reference.lifetime.is_none() => {
            let mut reference = reference.clone();
            reference.lifetime = Some(parse_quote!('a));
            reference.to_token_stream()
        }
        other => other.to_token_stream(),
    }
}
