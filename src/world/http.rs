//! HTTP: one request, one answer, within limits of time and size. Redirects are not followed: a key goes nowhere else.

use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// One request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Where to.
    pub url: &'a str,
    /// Headers by name; the type of the body is set here.
    pub headers: &'a [(&'a str, String)],
    /// JSON to post; without one the address is only looked at.
    pub body: Option<&'a str>,
    /// Longest wait for the whole of the answer.
    pub timeout: Duration,
    /// Longest body that is read, in bytes.
    pub limit: u64,
}

/// What came back, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP's status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing in time.
    Timeout,
    /// No connection, or it broke off.
    Connection(String),
    /// The other side could not prove who it is, or no certificate of this machine is known.
    Tls(String),
    /// More than the limit.
    TooLong,
    /// The address or a header is none.
    Invalid(String),
}

impl Response {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Sends a request. `local` goes past any proxy.
///
/// # Errors
/// No whole answer came back in time and within the limit.
pub fn send(request: &Request<'_>, local: bool) -> Result<Response, Failure> {
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(request.timeout))
        .timeout_connect(Some(request.timeout.min(Duration::from_secs(20))))
        .user_agent(concat!("pipewright/", env!("CARGO_PKG_VERSION")));
    if local {
        config = config.proxy(None);
    }
    if request.url.starts_with("https:") {
        config = config.tls_config(tls()?);
    }
    let agent = config.build().new_agent();
    let sent = match request.body {
        Some(body) => {
            let headers = request.headers.iter().fold(agent.post(request.url), |r, (n, v)| r.header(*n, v));
            headers.content_type("application/json").send(body)
        }
        None => request.headers.iter().fold(agent.get(request.url), |r, (n, v)| r.header(*n, v)).call(),
    };
    let mut answer = sent.map_err(|e| failure(&e))?;
    let headers = answer.headers().iter();
    let headers = headers.map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
    let (status, headers) = (answer.status().as_u16(), headers.collect());
    let body = answer.body_mut().with_config().limit(request.limit).read_to_vec().map_err(|e| failure(&e))?;
    Ok(Response { status, headers, body })
}

/// TLS with the certificates that this machine trusts.
fn tls() -> Result<TlsConfig, Failure> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map(|e| format!(": {e}")).unwrap_or_default();
        return Err(Failure::Tls(format!("this machine has no certificates of authorities{why}")));
    }
    let roots: Vec<Certificate<'static>> = found.certs.iter().map(|c| Certificate::from_der(c).to_owned()).collect();
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

/// What a failure was, without what was sent.
fn failure(error: &ureq::Error) -> Failure {
    use ureq::Error as E;
    match error {
        E::Timeout(_) => Failure::Timeout,
        E::BodyExceedsLimit(_) => Failure::TooLong,
        E::Io(e) => match e.kind() {
            _ if e.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => Failure::Tls(e.to_string()),
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => Failure::Timeout,
            _ => Failure::Connection(e.to_string()),
        },
        E::HostNotFound => Failure::Connection("there is no such host".into()),
        E::ConnectionFailed | E::BodyStalled | E::Protocol(_) | E::ConnectProxyFailed(_) => {
            Failure::Connection(error.to_string())
        }
        E::Tls(_) | E::Rustls(_) | E::Pem(_) | E::TlsRequired => Failure::Tls(error.to_string()),
        E::LargeResponseHeader(..) => Failure::TooLong,
        // A header that is none may be the key itself.
        E::Http(_) => Failure::Invalid("a header or the address can't be sent as it is".into()),
        other => Failure::Invalid(other.to_string()),
    }
}

/// Waits.
pub fn wait(time: Duration) {
    std::thread::sleep(time);
}

#[cfg(test)]
#[path = "../../tests/support/http_server.rs"]
pub(crate) mod server;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::server::{Canned, Server};
    use super::*;

    fn send_to(url: &str, timeout: u64) -> Result<Response, Failure> {
        let headers = [("x-key", "secret".to_owned())];
        let timeout = Duration::from_millis(timeout);
        send(&Request { url, headers: &headers, body: Some("{}"), timeout, limit: 10_000 }, true)
    }

    #[test]
    fn answers_of_any_status_come_back_and_redirects_are_not_followed() {
        let other = Server::start(vec![Canned::json("{}")]);
        let moved = Canned::Full(307, vec![("location", other.url.clone())], String::new());
        let server = Server::start(vec![Canned::json("{\"a\": 1}"), Canned::status(500, "no"), moved]);
        let answer = send_to(&server.url, 10_000).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"{\"a\": 1}".as_slice()));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(send_to(&server.url, 10_000).unwrap().status, 500);
        assert_eq!(send_to(&server.url, 10_000).unwrap().status, 307);
        assert!(other.asked().is_empty());
        let asked = server.asked();
        assert_eq!((asked[0].line.as_str(), asked[0].header("x-key")), ("POST / HTTP/1.1", Some("secret")));
    }

    #[test]
    fn what_does_not_come_back_whole_is_a_failure() {
        let server = Server::start(vec![Canned::Endless, Canned::Cut("{\"a\"".into()), Canned::Silence]);
        assert_eq!(send_to(&server.url, 10_000), Err(Failure::TooLong));
        assert!(matches!(send_to(&server.url, 10_000), Err(Failure::Connection(_))));
        assert_eq!(send_to(&server.url, 100), Err(Failure::Timeout));
        assert!(matches!(send_to(&Server::nobody(), 10_000), Err(Failure::Connection(_))));
        assert!(matches!(send_to("not an address", 10_000), Err(Failure::Invalid(_))));
        let line = [("x-key", "se\ncret".to_owned())];
        let request =
            Request { url: &server.url, headers: &line, body: None, timeout: Duration::from_secs(1), limit: 10 };
        assert!(!format!("{:?}", send(&request, true).unwrap_err()).contains("cret"));
    }
}
