//! `#[hook]`, step one: checks what needs no family, leaves the function untouched, and calls the family's macro.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, Error, Expr, FnArg, Ident, LitStr, Pat, Path, Result, ReturnType, Signature, Token, Type,
    parse_quote,
};

use crate::spec::OUTLIVES;
use crate::{errors, lifetimes, options};

#[derive(Default)]
struct Options {
    name: Option<Ident>,
    priority: Option<Expr>,
    before: Vec<LitStr>,
    after: Vec<LitStr>,
    krate: Option<Path>,
    family: Option<Path>,
}

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let registered = read(options).and_then(|options| register(&options, &item));
    let registered = registered.unwrap_or_else(|error| error.into_compile_error());
    item.into_iter().chain(registered).collect()
}

fn read(tokens: TokenStream) -> Result<Options> {
    let mut options = Options::default();
    let mut family = None;
    let value = |key: &options::Key, input: ParseStream<'_>| {
        match key.name.as_str() {
            "name" => {
                let (span, wrong) = (
                    input.span(),
                    "write the name of a hook, without quotes, such as `name = on_job_failed`",
                );
                options.name = Some(input.parse().map_err(|_| Error::new(span, wrong))?);
            }
            "priority" => options.priority = Some(options::priority(input)?),
            "before" => options.before = options::plugins(key, input)?,
            "after" => options.after = options::plugins(key, input)?,
            _ => options.krate = Some(options::path(key, input)?),
        }
        Ok(())
    };
    let bare = |input: ParseStream<'_>| {
        let span = input.span();
        let wrong = "write `name = …`, `priority = …`, `before = …`, `after = …`, `crate = …`, or the path of another family";
        let path = Path::parse_mod_style(input).map_err(|_| Error::new(span, wrong))?;
        check_family(&path)?;
        match family.replace(path) {
            Some(_) => Err(Error::new(span, "a hook belongs to one family: leave one of the two out")),
            None => Ok(()),
        }
    };
    options::read(tokens, &["name", "priority", "before", "after", "crate"], value, bare)?;
    options.family = family;
    match (&options.krate, &options.family) {
        (Some(krate), Some(_)) => Err(Error::new_spanned(
            krate,
            "`crate = …` says where the engine's family is: leave it out beside the path of another family",
        )),
        _ => Ok(options),
    }
}

/// A hook's name is often written where a family's path stands; a family is named as types are.
fn check_family(path: &Path) -> Result<()> {
    let name = path.get_ident().filter(|it| it.unraw().to_string().starts_with(char::is_lowercase));
    name.map_or(Ok(()), |name| {
        Err(Error::new(
            name.span(),
            format!("`{name}` is no family of hooks; to name the hook, write `name = {name}`"),
        ))
    })
}

fn register(options: &Options, item: &TokenStream) -> Result<TokenStream> {
    let digest = digest(item);
    // The body is not parsed: a mistake in it is rustc's to tell.
    let item = Head::parse.parse2(item.clone())?;
    check(&item.sig)?;
    let family = match (&options.family, &options.krate) {
        (Some(family), _) => family.clone(),
        (None, Some(krate)) => parse_quote!(#krate::Hooks),
        (None, None) => parse_quote!(::xqute::Hooks),
    };
    let name = options.name.as_ref().unwrap_or(&item.sig.ident);
    let Options { priority, before, after, .. } = options;
    let conditions = item.attrs.iter().filter(|it| it.path().is_ident("cfg"));
    let signature = without_attributes(item.sig.clone());
    Ok(quote! {
        #(#conditions)*
        #family! { #name [#priority; #(#before),*; #(#after),*] #digest #signature; }
    })
}

/// A digest of the text (FNV-1a): the same in every build, which std's hashers do not promise.
fn digest(item: &TokenStream) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    item.to_string().bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

struct Head {
    attrs: Vec<Attribute>,
    sig: Signature,
}

impl Head {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<syn::Visibility>()?;
        if !begins_a_function(input) {
            return Err(
                input.error("`#[hook]` goes on a free function: put it on a `fn` outside of any `impl`")
            );
        }
        let sig = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("a hook is a free function with a body: write `{ … }` for the `;`"));
        }
        input.parse::<TokenStream>()?;
        Ok(Self { attrs, sig })
    }
}

/// A function, if perhaps one that is no hook.
fn begins_a_function(input: ParseStream<'_>) -> bool {
    input.peek(Token![fn])
        || input.peek(Token![async])
        || input.peek(Token![const])
        || input.peek(Token![unsafe])
        || input.peek(Token![extern])
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
    errors::all(signature.inputs.iter().filter_map(|input| check_arg(input).err()))?;
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
            "an argument of a hook has a type with a name: write it instead of `impl`",
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
        ty => lifetimes::unnamed(ty).map_or(Ok(()), |reference| Err(Error::new(reference, OUTLIVES))),
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
