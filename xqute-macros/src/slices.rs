//! Distributed slices of the core, under unique names.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Ident, Token, Type, Visibility};

use crate::names;

struct Slice {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    ty: Type,
}

impl Parse for Slice {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![static]>()?;
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self { attributes, visibility, name, ty })
    }
}

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let parse = |input: ParseStream<'_>| {
        let mut all = Vec::new();
        while !input.is_empty() {
            all.push(input.parse::<Slice>()?);
        }
        Ok(all)
    };
    let declare = |slices: Vec<Slice>| slices.iter().map(declare).collect();
    parse.parse2(input).map_or_else(|error| error.into_compile_error(), declare)
}

fn declare(slice: &Slice) -> TokenStream {
    let Slice { attributes, visibility, name, ty } = slice;
    declare_named(attributes, visibility, (name, &[]), &ty.to_token_stream(), &quote!(::linkme))
}

/// Declares a slice as `name`; `within` tells it from others of this name in the crate.
pub(crate) fn declare_named(
    attributes: &[Attribute],
    visibility: &Visibility,
    (name, within): (&Ident, &[&str]),
    ty: &TokenStream,
    linkme: &TokenStream,
) -> TokenStream {
    let parts: Vec<String> = within.iter().map(|it| (*it).to_owned()).chain([name.to_string()]).collect();
    let unique = names::unique(&parts.iter().map(String::as_str).collect::<Vec<_>>());
    quote! {
        #(#attributes)*
        #[#linkme::distributed_slice]
        #[linkme(crate = #linkme)]
        #visibility static #unique: #ty;
        #[doc(hidden)]
        #visibility use #unique as #name;
    }
}
