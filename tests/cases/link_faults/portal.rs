//! The login page of a network, in the hub's place: it answers whatever it is asked, and not in TLS.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// A page as such networks show it.
pub const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 18\r\n\
                        Connection: close\r\n\r\n<html>Login</html>";
/// Where such networks send a browser.
pub const REDIRECT: &str = "HTTP/1.1 302 Found\r\nLocation: http://login.invalid/\r\n\
                            Content-Length: 0\r\nConnection: close\r\n\r\n";

/// Starts one; it lives as long as the test program.
pub fn start(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for phone in listener.incoming() {
            let Ok(mut phone) = phone else { return };
            let mut greeting = [0; 4096];
            // A phone that goes away in the middle is no reason to stop serving others.
            let _ = phone.read(&mut greeting);
            let _ = phone.write_all(answer.as_bytes());
        }
    });
    address
}
