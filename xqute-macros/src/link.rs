//! `link_plugins!()`: names the plugins of the caller's manifest, because the linker drops a crate that no code names.

use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Error;
use syn::parse::ParseStream;

use crate::linked::{self, Link};
use crate::manifest::{Manifest, Package};
use crate::{names, options, place};

/// An error is a sentence: all of them stand at the call.
type Result<T> = std::result::Result<T, String>;

pub(crate) fn expand(options: TokenStream) -> TokenStream {
    let expanded = krate_of(options).and_then(|krate| {
        let directory = PathBuf::from(names::cargo("CARGO_MANIFEST_DIR"));
        link(&directory, krate).map_err(|wrong| Error::new(Span::call_site(), wrong))
    });
    expanded.unwrap_or_else(|error| error.into_compile_error())
}

/// The path of the facade, where it is given.
fn krate_of(tokens: TokenStream) -> syn::Result<Option<TokenStream>> {
    let mut krate = None;
    let value = |key: &options::Key, input: ParseStream<'_>| {
        let path = options::path(key, input)?;
        krate = Some(quote!(#path));
        Ok(())
    };
    let bare = |input: ParseStream<'_>| {
        Err(input.error("write `crate = path`, or nothing: the plugins are read from Cargo.toml"))
    };
    options::read(tokens, &["crate"], value, bare)?;
    Ok(krate)
}

fn link(directory: &Path, krate: Option<TokenStream>) -> Result<TokenStream> {
    let package = Package::read(directory)?;
    let krate = match krate {
        Some(krate) => krate,
        None => {
            let name = tokens(&linked::facade(&package)?)?;
            quote!(::#name)
        }
    };
    let links = linked::links(&package, &calling_file(directory))?;
    let crates = links.iter().map(extern_crate).collect::<Result<Vec<_>>>()?;
    let list = list(&links, &quote!(#krate::__private))?;
    let manifests = [Some(&package.manifest), package.root.as_ref()];
    let watched = manifests.into_iter().flatten().map(watch).collect::<Result<Vec<_>>>()?;
    Ok(quote!(#(#crates)* #list #(#watched)*))
}

/// The file of the call, relative to the package. Where nobody knows, as in an editor, it is none that exists.
fn calling_file(directory: &Path) -> PathBuf {
    let file = Span::call_site().local_file().unwrap_or_default();
    // Cargo and the compiler may know a directory by different names, where there are symbolic links.
    let real = |path: &Path| path.canonicalize().unwrap_or_default();
    real(&file).strip_prefix(real(directory)).map(Path::to_owned).unwrap_or_default()
}

fn extern_crate(link: &Link) -> Result<TokenStream> {
    let (condition, name) = (condition(link)?, tokens(&link.name)?);
    Ok(quote! {
        #condition
        #[allow(unused_extern_crates, reason = "named to be linked")]
        extern crate #name as _;
    })
}

/// The packages, for `build()` to order plugins by, and to check that each brought a hook.
fn list(links: &[Link], private: &TokenStream) -> Result<TokenStream> {
    let package = |link: &Link| {
        let (condition, package) = (condition(link)?, &link.package);
        Ok(quote!(#condition #package))
    };
    let packages = links.iter().map(package).collect::<Result<Vec<_>>>()?;
    let place = place::of_invocation(private);
    Ok(quote! {
        const _: () = {
            #[#private::linkme::distributed_slice(#private::LINKS)]
            #[linkme(crate = #private::linkme)]
            static __LINKS: #private::LinkList = #private::LinkList { packages: &[#(#packages),*], place: #place };
        };
    })
}

fn condition(link: &Link) -> Result<Option<TokenStream>> {
    let predicate = link.condition.as_deref().map(tokens).transpose()?;
    Ok(predicate.map(|predicate| quote!(#[cfg(#predicate)])))
}

/// Compiles the manifest in, so that an edit of it is an edit of the crate.
fn watch(manifest: &Manifest) -> Result<TokenStream> {
    let path = manifest.path.to_str();
    let path =
        path.ok_or_else(|| format!("the path {} is not UTF-8: move the package", manifest.path.display()))?;
    Ok(quote!(
        const _: &[u8] = ::core::include_bytes!(#path);
    ))
}

fn tokens(text: &str) -> Result<TokenStream> {
    text.parse().map_err(|_| format!("`{text}` in Cargo.toml cannot stand in Rust code: rename the dependency, or write the `cfg` plainly"))
}
