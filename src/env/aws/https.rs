//! How AWS is reached: TLS with the machine's own certificates, through the proxy that the environment names.

use aws_sdk_ssm::config::{HttpClient, RuntimeComponents, SharedAsyncSleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;

/// For the clients of the SDK.
pub(super) fn client() -> impl HttpClient + Clone + 'static {
    Builder::new().build_with_connector_fn(|settings, components| {
        let sleep = components.and_then(RuntimeComponents::sleep_impl);
        build(settings, sleep)
    })
}

/// For a request of our own.
pub(super) fn connector(settings: &HttpConnectorSettings, sleep: SharedAsyncSleep) -> Connector {
    build(Some(settings), Some(sleep))
}

fn build(settings: Option<&HttpConnectorSettings>, sleep: Option<SharedAsyncSleep>) -> Connector {
    let mut builder = ConnectorBuilder::default()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .proxy_config(ProxyConfig::from_env());
    builder.set_connector_settings(settings.cloned());
    builder.set_sleep_impl(sleep);
    builder.build()
}
