//! `#[config]`: a type that a plugin is configured with. Reading, writing and describing it go through the facade, so that a plugin
//! depends on nothing else.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{
    Attribute, Error, Field, Fields, GenericArgument, Ident, Item, LitBool, Path, PathArguments, PathSegment,
    Result, Type, parse_quote,
};

use crate::{errors, options};

struct Options {
    krate: Path,
    /// Whether a key that is left out has the value that the type's `Default` gives it.
    default: bool,
}

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = options_of(options).and_then(|options| declare(&options, &item));
    // The item stays, so that what names it is no second error.
    expanded.unwrap_or_else(|error| [error.into_compile_error(), item].into_iter().collect())
}

fn options_of(tokens: TokenStream) -> Result<Options> {
    let mut options = Options { krate: parse_quote!(::xqute), default: true };
    let value = |key: &options::Key, input: ParseStream<'_>| {
        if key.name == "crate" {
            options.krate = options::path(key, input)?;
            return Ok(());
        }
        let wrong = "`default` is `true` or `false`: whether keys may be left out, as `Default` says what they are then";
        let span = input.span();
        options.default = input.parse::<LitBool>().map_err(|_| Error::new(span, wrong))?.value();
        Ok(())
    };
    let bare =
        |input: ParseStream<'_>| Err(input.error("write `default = false` or `crate = path`, or nothing"));
    options::read(tokens, &["default", "crate"], value, bare)?;
    Ok(options)
}

fn declare(options: &Options, item: &TokenStream) -> Result<TokenStream> {
    let wrong =
        "`#[config]` goes on a struct or an enum: the type that a plugin's configuration is read into";
    // It stands beside the type, which is none the less whole.
    let mut complaint = None;
    let (name, generics, has_keys) = match syn::parse2(item.clone()) {
        Ok(Item::Struct(it)) => {
            if !it.attrs.iter().any(says_how) {
                complaint = errors::all(it.fields.iter().filter_map(bare_duration)).err();
            }
            (it.ident, it.generics, matches!(it.fields, Fields::Named(_)))
        }
        Ok(Item::Enum(it)) => (it.ident, it.generics, false),
        Ok(other) => return Err(Error::new_spanned(other, wrong)),
        Err(error) => return Err(error),
    };
    if !generics.params.is_empty() {
        return Err(Error::new_spanned(generics, "a configuration cannot be generic: name its types"));
    }
    let complaint = complaint.map(Error::into_compile_error);
    Ok(complaint.into_iter().chain([derives(options, &name, has_keys, item)]).collect())
}

/// A `Duration` is read from a table of `secs` and `nanos`, which nobody wants to write; unless the field says how it is read.
fn bare_duration(field: &Field) -> Option<Error> {
    let inner = last(&field.ty).and_then(|it| match &it.arguments {
        PathArguments::AngleBracketed(of) if it.ident == "Option" || it.ident == "Vec" => of.args.first(),
        _ => None,
    });
    let is_one =
        is_duration(&field.ty) || matches!(inner, Some(GenericArgument::Type(it)) if is_duration(it));
    let wrong = "a `Duration` is read from a table of `secs` and `nanos`: write `xqute::units::Time`, which reads `30s` (it has no default: \
        write `impl Default`, or `Option<Time>`)";
    (is_one && !field.attrs.iter().any(says_how)).then(|| Error::new_spanned(&field.ty, wrong))
}

/// That of std: as such, or by its name alone.
fn is_duration(ty: &Type) -> bool {
    let Type::Path(it) = ty else { return false };
    let path: Vec<String> = it.path.segments.iter().map(|it| it.ident.to_string()).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(path[..], ["Duration"] | ["time", "Duration"] | ["std" | "core", "time", "Duration"])
}

/// Whether an attribute of serde says how something is read. One that stands under a condition may.
fn says_how(attribute: &Attribute) -> bool {
    const WORDS: [&str; 6] = ["with", "deserialize_with", "skip", "skip_deserializing", "from", "try_from"];
    let words = |list: &syn::MetaList| {
        list.tokens.clone().into_iter().any(|it| WORDS.iter().any(|word| it.to_string() == *word))
    };
    attribute.path().is_ident("cfg_attr")
        || (attribute.path().is_ident("serde") && attribute.meta.require_list().is_ok_and(words))
}

fn last(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(it) => it.path.segments.last(),
        _ => None,
    }
}

fn derives(options: &Options, name: &Ident, has_keys: bool, item: &TokenStream) -> TokenStream {
    let krate = &options.krate;
    let private = quote!(#krate::__private);
    let path =
        |of: &str| format!("{}::__private::{of}", krate.to_token_stream().to_string().replace(' ', ""));
    let (serde, schemars) = (path("serde"), path("schemars"));
    let default = (options.default && has_keys).then(|| quote!(, default));
    quote! {
        #[derive(#private::serde::Serialize, #private::serde::Deserialize, #private::Described)]
        #[serde(crate = #serde, deny_unknown_fields #default)]
        #[schemars(crate = #schemars)]
        #item
        impl #private::Config for #name {
            fn schema() -> ::core::option::Option<#private::Value> {
                #private::schema_of::<Self>()
            }
        }
    }
}
