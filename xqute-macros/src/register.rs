//! `#[hook]`, step two: the family's signatures and the user's are both known. Errors at the wrong token, or the entry.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, FnArg, LitInt, LitStr, Pat, Result, ReturnType, Signature, Token, TraitItemFn,
    Type, braced, bracketed,
};

use crate::suggest::{did_you_mean, list};
use crate::{errors, names, place};

struct Input {
    /// The hidden module of the family.
    at: TokenStream,
    /// The crate that declares it.
    krate: LitStr,
    family: Ident,
    hooks: Vec<Declared>,
    /// The hook that the user names.
    name: Ident,
    priority: Option<Expr>,
    /// The plugins that come after it, and those that come before it.
    before: Vec<LitStr>,
    after: Vec<LitStr>,
    /// Of the user's function.
    digest: LitInt,
    user: Signature,
}

/// A hook of the family. One of them is wanted, so only that one is read.
struct Declared {
    name: Ident,
    signature: TokenStream,
}

impl Parse for Declared {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let signature;
        let name = Ident::parse_any(input)?;
        braced!(signature in input);
        Ok(Self { name, signature: signature.parse()? })
    }
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (at, hooks_in, order_in);
        braced!(at in input);
        let at = at.parse()?;
        let krate = input.parse()?;
        let family = input.parse()?;
        braced!(hooks_in in input);
        let mut hooks = Vec::new();
        while !hooks_in.is_empty() {
            hooks.push(hooks_in.parse()?);
        }
        let name = input.parse()?;
        bracketed!(order_in in input);
        let priority = if order_in.peek(Token![;]) { None } else { Some(order_in.parse()?) };
        order_in.parse::<Token![;]>()?;
        let before = names_in(&order_in)?;
        order_in.parse::<Token![;]>()?;
        let after = names_in(&order_in)?;
        let digest = input.parse()?;
        let user = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self { at, krate, family, hooks, name, priority, before, after, digest, user })
    }
}

/// Texts with commas between them, up to what is none.
fn names_in(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    let mut names = Vec::new();
    while input.peek(LitStr) {
        names.push(input.parse()?);
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(names)
}

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let expanded = syn::parse2::<Input>(input).and_then(|input| {
        let declared = input.hook()?;
        let hook = &declared.sig;
        input.check_color(hook)?;
        let args = input.match_args(hook)?;
        let warning = input.warning(&declared.attrs);
        let entry = input.entry(hook, &args);
        Ok(quote!(#warning #entry))
    });
    expanded.unwrap_or_else(|error| error.into_compile_error())
}

/// An argument of the hook that the user takes, with the user's type.
struct Taken<'a> {
    at: usize,
    name: Ident,
    ty: &'a Type,
}

impl Input {
    fn hook(&self) -> Result<TraitItemFn> {
        let name = bare(&self.name);
        let known: Vec<String> = self.hooks.iter().map(|hook| bare(&hook.name)).collect();
        let names = || known.iter().map(String::as_str);
        let at = names().position(|it| it == name).ok_or_else(|| {
            let hint = did_you_mean(&name, names())
                .unwrap_or_else(|| format!("; `{}` has: {}", self.family, list(names())));
            Error::new(self.name.span(), format!("there is no hook `{name}`{hint}"))
        })?;
        syn::parse2(self.hooks[at].signature.clone())
    }

    /// Where the family has deprecated the hook: the compiler's warning, at the user's function.
    fn warning(&self, deprecated: &[Attribute]) -> Option<TokenStream> {
        let attribute = deprecated.first()?;
        let name = Ident::new(&bare(&self.name), self.user.ident.span());
        let used = quote_spanned!(name.span()=> #name());
        Some(quote! {
            const _: () = {
                #attribute
                const fn #name() {}
                #used;
            };
        })
    }

    fn check_color(&self, hook: &Signature) -> Result<()> {
        match &self.user.asyncness {
            Some(asyncness) if hook.asyncness.is_none() => Err(Error::new_spanned(
                asyncness,
                format!(
                    "hook `{}` is synchronous: remove `async` (its signature: `{}`)",
                    self.name,
                    told(hook)
                ),
            )),
            _ => Ok(()),
        }
    }

    /// The user's arguments, in the user's order, each found among the hook's by name.
    fn match_args(&self, hook: &Signature) -> Result<Vec<Taken<'_>>> {
        let known: Vec<String> = hook.inputs.iter().filter_map(name_of).map(|it| bare(&it)).collect();
        let named = self.user.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some((name_of(input)?, &*typed.ty)),
            FnArg::Receiver(_) => None,
        });
        let taken = errors::gather(named.map(|(name, ty)| match position(&name, &known) {
            Some(at) => Ok(Taken { at, name, ty }),
            None => Err(self.unknown_arg(&name, &known)),
        }))?;
        errors::all((1..taken.len()).filter_map(|at| taken_twice(&taken[..=at])))?;
        Ok(taken)
    }

    fn unknown_arg(&self, name: &Ident, known: &[String]) -> Error {
        let bare = bare(name);
        let bare = bare.trim_start_matches('_');
        let names = || known.iter().map(String::as_str);
        let has = if known.is_empty() { "none".to_owned() } else { list(names()) };
        let hint = did_you_mean(bare, names()).unwrap_or_else(|| format!("; it has: {has}"));
        Error::new(name.span(), format!("hook `{}` has no argument `{bare}`{hint}", self.name))
    }

    /// The wrapper around the user's function, and the entry in the hook's slice.
    fn entry(&self, hook: &Signature, args: &[Taken<'_>]) -> TokenStream {
        let Self { at, name, priority, before, after, digest, user, .. } = self;
        let private = quote!(__xqute_private);
        let hook_name = &hook.ident;
        let spec = quote!(__xqute_family::#hook_name);
        let place = place::of(user.ident.span(), &private);
        let (function, hook_text) = (bare(&user.ident), bare(name));
        let is_async = user.asyncness.is_some();
        let priority = match priority {
            None => quote!(None),
            Some(priority) => quote!(Some({ const __XQUTE_PRIORITY: i32 = #priority; __XQUTE_PRIORITY })),
        };
        let call = self.call(hook, args, &private);
        let output = self.output();
        let entry = if hook.asyncness.is_some() { quote!(AsyncEntry) } else { quote!(SyncEntry) };
        // A name, for `_` in an `impl` would be a second error beside that the function is not free.
        let registration = format_ident!(
            "__XQUTE_{}_{}_{}",
            names::plain(&at.to_string().replace([' ', '$'], "")),
            name,
            user.ident
        );
        // Where the family is of this crate, the lint sees into the slice's macro; elsewhere the crate may forbid `allow`.
        let is_own = self.krate.value() == names::own().join(" ");
        let allowed = is_own.then(
            || quote!(#[allow(unsafe_code, reason = "a static placed by `link_section`; no code is unsafe")]),
        );
        let made = quote_spanned!(output.span()=> ::<_, #output, _>);
        quote! {
            #[doc(hidden)]
            #[allow(non_upper_case_globals, reason = "generated")]
            #allowed
            const #registration: () = {
                // Short paths: there are many below, and a compiler reads each.
                use #at::{self as __xqute_family, __private as __xqute_private};
                #call
                static __META: #private::HookMeta = #private::HookMeta {
                    family: <#spec as #private::HookSpec>::FAMILY,
                    hook: #hook_text,
                    function: #function,
                    is_async: #is_async,
                    priority: ::core::option::Option::#priority,
                    before: &[#(#before),*],
                    after: &[#(#after),*],
                    place: #place,
                    twin: (::core::line!(), ::core::column!(), #digest),
                };
                #[#private::linkme::distributed_slice(__xqute_family::__slices::#hook_name)]
                #[linkme(crate = #private::linkme)]
                static __ENTRY: #private::#entry<#spec> = #private::#entry::<#spec>::new #made(__call, &__META);
            };
        }
    }

    /// `fn __call(args) -> …`, which hands the user's function what it takes.
    fn call(&self, hook: &Signature, args: &[Taken<'_>], private: &TokenStream) -> TokenStream {
        let (hook_name, function) = (&hook.ident, &self.user.ident);
        let fields = (0..hook.inputs.len()).map(|at| match args.iter().any(|it| it.at == at) {
            true => format_ident!("__{at}").into_token_stream(),
            false => quote!(_),
        });
        let values = args.iter().map(|Taken { at, ty, .. }| {
            let value = format_ident!("__{at}");
            let take = quote_spanned!(ty.span()=> take::<#ty>());
            quote!(#private::Given(#value).#take)
        });
        let called = quote!(#function(#(#values),*));
        let output = self.output();
        let result = match (hook.asyncness.is_some(), self.user.asyncness.is_some()) {
            (false, _) => output,
            (true, _) => quote_spanned!(function.span()=>
                impl ::core::future::Future<Output = #output> + ::core::marker::Send + '__a
            ),
        };
        let called = match (hook.asyncness.is_some(), self.user.asyncness.is_some()) {
            (true, false) => quote!(::core::future::ready(#called)),
            _ => called,
        };
        quote! {
            #[inline]
            #[allow(unused_lifetimes, clippy::needless_lifetimes, clippy::extra_unused_lifetimes, reason = "generated")]
            fn __call<'__a>(__args: __xqute_family::__args::#hook_name<'__a>) -> #result {
                let (_, #(#fields,)*) = __args;
                #called
            }
        }
    }

    fn output(&self) -> TokenStream {
        match &self.user.output {
            ReturnType::Default => {
                let span = self.user.ident.span();
                quote_spanned!(span=> ())
            }
            ReturnType::Type(_, ty) => ty.to_token_stream(),
        }
    }
}

/// A name without `r#`, which is no part of it.
fn bare(name: &Ident) -> String {
    name.unraw().to_string()
}

/// The argument that a user's is; `_job` is `job`, not used.
fn position(name: &Ident, known: &[String]) -> Option<usize> {
    let name = bare(name);
    let find = |name: &str| known.iter().position(|it| it == name);
    find(&name).or_else(|| find(name.strip_prefix('_')?))
}

/// Whether the last is one of those before it.
fn taken_twice(taken: &[Taken<'_>]) -> Option<Error> {
    let (last, before) = taken.split_last()?;
    let first = before.iter().find(|it| it.at == last.at)?;
    let wrong = format!(
        "the argument `{}` is taken already, as `{}`: leave one out",
        bare(&last.name).trim_start_matches('_'),
        first.name
    );
    Some(Error::new(last.name.span(), wrong))
}

fn name_of(input: &FnArg) -> Option<Ident> {
    match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pattern) => Some(pattern.ident.clone()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

/// A signature as a person writes it.
fn told(hook: &Signature) -> String {
    let type_of = |ty: &Type| ty.to_token_stream().to_string().replace("& ", "&");
    let arg = |input: &FnArg| match input {
        FnArg::Typed(typed) => Some(format!("{}: {}", typed.pat.to_token_stream(), type_of(&typed.ty))),
        FnArg::Receiver(_) => None,
    };
    let args: Vec<String> = hook.inputs.iter().filter_map(arg).collect();
    let output = match &hook.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, ty) => format!(" -> {}", type_of(ty)),
    };
    let asyncness = if hook.asyncness.is_some() { "async " } else { "" };
    format!("{asyncness}fn {}({}){output}", hook.ident, args.join(", "))
}
