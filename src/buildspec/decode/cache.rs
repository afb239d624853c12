//! Section `cache`.

use super::Decoder;
use crate::buildspec::keys;
use crate::buildspec::model::{Cache, CacheAction};
use crate::diagnostic::Finding;
use crate::source::Spanned;
use crate::yaml::Node;

const MOST_FALLBACK_KEYS: usize = 5;

impl Decoder<'_> {
    pub(super) fn cache(&mut self, node: &Node) -> Option<Cache> {
        if node.is_null() {
            return None;
        }
        let mut cache = Cache::default();
        for entry in self.entries_around(node, "cache", "paths") {
            let node = &entry.value;
            match entry.key.text().unwrap_or_default() {
                "paths" => cache.paths = self.texts(node, "cache.paths"),
                "key" => cache.key = self.text(node, "cache.key"),
                "fallback-keys" => cache.fallback_keys = self.texts(node, "cache.fallback-keys"),
                "action" => cache.action = self.cache_action(node),
                _ => self.unknown_key(Some("cache"), "section `cache`", entry, keys::CACHE),
            }
        }
        if let Some(sixth) = cache.fallback_keys.get(MOST_FALLBACK_KEYS) {
            self.report(
                Finding::warning(
                    "cache-fallback-keys",
                    "a cache has at most five fallback keys",
                    sixth.span,
                )
                .label("the sixth")
                .help("remove the fallback keys that are least likely to be found"),
            );
        }
        if let (Some(first), None) = (cache.fallback_keys.first(), &cache.key) {
            self.report(
                Finding::warning(
                    "cache-fallback-keys",
                    "`fallback-keys` has no effect without `key`",
                    first.span,
                )
                .help("add a `key` to the cache, or remove `fallback-keys`"),
            );
        }
        Some(cache)
    }

    fn cache_action(&mut self, node: &Node) -> Option<Spanned<CacheAction>> {
        let text = self.text(node, "cache.action")?;
        let action = match text.value.as_str() {
            "restore" => CacheAction::Restore,
            "save" => CacheAction::Save,
            _ => {
                let allowed =
                    "`restore` and `save`; without `action` the cache is restored and saved";
                self.wrong_value(&text, "cache.action", allowed);
                return None;
            }
        };
        Some(Spanned::new(action, text.span))
    }
}
