//! `#[hook]`, step one: checks what needs no family, leaves the function untouched, and calls the family's macro.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, FnArg, Ident, ItemFn, Pat, Path, Result, ReturnType, Signature, Type, parse_quote,
};

use crate::options;

#[derive(Default)]
struct Options {
    name: Option<Ident>,
    priority: Option<Expr>,
    krate: Option<Path>,
    family: Option<Path>,
}

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let registered = read(options).and_then(|options| register(&options, item.clone()));
    let registered = registered.unwrap_or_else(|error| error.into_compile_error());
    quote!(#item #registered)
}

fn read(tokens: TokenStream) -> Result<Options> {
    let mut options = Options::default();
    let mut family = None;
    let value = |key: &options::Key, input: ParseStream<'_>| {
        match key.name.as_str() {
            "name" => {
                let (span, wrong) = (input.span(), "the name of a hook, such as `name = on_job_failed`");
                options.name = Some(input.parse().map_err(|_| Error::new(span, wrong))?);
            }
            "priority" => options.priority = Some(options::priority(input)?),
            _ => options.krate = Some(options::path(key, input)?),
        }
        Ok(())
    };
    let bare = |input: ParseStream<'_>| {
        let span = input.span();
        let wrong = "write `name = …`, `priority = …`, `crate = …`, or the path of another family";
        let path = Path::parse_mod_style(input).map_err(|_| Error::new(span, wrong))?;
        match family.replace(path) {
            Some(_) => Err(Error::new(span, "a hook belongs to one family: leave one of the two out")),
            None => Ok(()),
        }
    };
    options::read(tokens, &["name", "priority", "crate"], value, bare)?;
    options.family = family;
    match (&options.krate, &options.family) {
        (Some(krate), Some(_)) => Err(Error::new_spanned(
            krate,
            "`crate = …` says where the engine's family is: leave it out beside the path of another family",
        )),
        _ => Ok(options),
    }
}

fn register(options: &Options, item: TokenStream) -> Result<TokenStream> {
    // The body is not parsed: a mistake in it is rustc's to tell.
    let item = signature_of(item)?;
    check(&item.sig)?;
    let family = match (&options.family, &options.krate) {
        (Some(family), _) => family.clone(),
        (None, Some(krate)) => parse_quote!(#krate::Hooks),
        (None, None) => parse_quote!(::xqute::Hooks),
    };
    let name = options.name.as_ref().unwrap_or(&item.sig.ident);
    let priority = &options.priority;
    let conditions = item.attrs.iter().filter(|it| it.path().is_ident("cfg"));
    let signature = without_attributes(item.sig.clone());
    Ok(quote! {
        #(#conditions)*
        #family! { #name [#priority] #signature; }
    })
}

struct Head {
    attrs: Vec<Attribute>,
    sig: Signature,
}

fn signature_of(item: TokenStream) -> Result<Head> {
    let parse = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<syn::Visibility>()?;
        let sig: Signature = input.parse()?;
        let body = input.span();
        if input.peek(syn::Token![;]) {
            return Err(Error::new(body, "a hook has a body"));
        }
        input.parse::<TokenStream>()?;
        Ok(Head { attrs, sig })
    };
    let span = item.span();
    parse.parse2(item.clone()).map_err(|error| {
        let is_function = syn::parse2::<ItemFn>(item.clone()).is_ok() || has_fn(&item);
        if is_function { error } else { Error::new(span, "`#[hook]` goes on a free function") }
    })
}

/// Whether the tokens are those of a function, if perhaps a wrong one.
fn has_fn(item: &TokenStream) -> bool {
    let words: Vec<String> = item.clone().into_iter().take(12).map(|it| it.to_string()).collect();
    let other =
        ["struct", "enum", "union", "trait", "impl", "mod", "const", "static", "type", "use", "macro_rules"];
    let first = words.iter().find(|it| *it == "fn" || other.contains(&it.as_str()));
    first.is_some_and(|it| it == "fn")
}

fn check(signature: &Signature) -> Result<()> {
    if let Some(constness) = &signature.constness {
        return Err(Error::new_spanned(constness, "a hook cannot be `const`: remove it"));
    }
    if let syn::Safety::Unsafe(unsafety) = &signature.safety {
        return Err(Error::new_spanned(unsafety, "a hook cannot be unsafe: remove `unsafe`"));
    }
    if let Some(abi) = &signature.abi {
        return Err(Error::new_spanned(abi, "a hook is a plain Rust function: remove `extern`"));
    }
    if let Some(variadic) = &signature.variadic {
        return Err(Error::new_spanned(variadic, "a hook takes the arguments that it names: remove `...`"));
    }
    if !signature.generics.params.is_empty() {
        let wrong =
            "a hook cannot be generic: write the types, and references without a named lifetime (`&Job`)";
        return Err(Error::new_spanned(&signature.generics, wrong));
    }
    signature.inputs.iter().try_for_each(check_arg)?;
    check_output(&signature.output)
}

fn check_arg(input: &FnArg) -> Result<()> {
    let FnArg::Typed(typed) = input else {
        return Err(Error::new_spanned(input, "a hook is a free function: remove `self`"));
    };
    let Pat::Ident(pattern) = &*typed.pat else {
        let wrong = "an argument of a hook is a plain name, such as `job: &Job`: it is matched by name";
        return Err(Error::new_spanned(&typed.pat, wrong));
    };
    if let Some(by_ref) = &pattern.by_ref {
        return Err(Error::new_spanned(by_ref, "an argument of a hook is a plain name: remove `ref`"));
    }
    match &*typed.ty {
        Type::ImplTrait(ty) => Err(Error::new_spanned(
            ty,
            "an argument of a hook has a type of its own: `impl` cannot stand here",
        )),
        Type::Reference(it) if it.lifetime.as_ref().is_some_and(|it| it.ident == "static") => {
            let wrong = "an argument of a hook lives as long as the call, not `'static`: write `&` alone";
            Err(Error::new_spanned(&it.lifetime, wrong))
        }
        _ => Ok(()),
    }
}

fn check_output(output: &ReturnType) -> Result<()> {
    let ReturnType::Type(_, ty) = output else { return Ok(()) };
    match &**ty {
        Type::ImplTrait(ty) => {
            let wrong =
                "a hook returns a type with a name: `impl` cannot stand here (write `async fn` for a future)";
            Err(Error::new_spanned(ty, wrong))
        }
        Type::Reference(it) if it.lifetime.as_ref().is_none_or(|it| it.ident != "static") => {
            let wrong = "a hook's result outlives its arguments: return `String` or `&'static str`";
            Err(Error::new_spanned(ty, wrong))
        }
        _ => Ok(()),
    }
}

/// Attributes of arguments are the function's business.
fn without_attributes(mut signature: Signature) -> Signature {
    for input in &mut signature.inputs {
        if let FnArg::Typed(typed) = input {
            typed.attrs.clear();
        }
    }
    signature
}
