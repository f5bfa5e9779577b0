#if canImport(Security)
  import CryptoKit
  import Foundation
  import Security

  /// Performs exchanges over TLS with the hub's pinned key: the challenge handler believes that key and nothing else. Written after Apple's documentation;
  /// it is compiled on Apple's systems only and was not run where this repository is tested.
  public final class PinnedURLSession: NSObject, TransferPerforming, URLSessionDelegate {
    /// Before the 65 bytes of a P-256 point in a SubjectPublicKeyInfo (RFC 5480): the hub's key is always of this kind.
    private static let p256Header: [UInt8] = [
      0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
      0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ]

    public func perform(_ job: TransferJob) async throws -> Performed {
      let gate = PinGate(pins: job.hub.spkiPins)
      let session = URLSession(configuration: URLExchange.configuration, delegate: gate, delegateQueue: nil)
      defer { session.finishTasksAndInvalidate() }
      guard let request = try? URLExchange.request(job, scheme: "https", address: job.hub.address) else {
        return .failed(.unreachable)
      }
      return try await URLExchange.send(request, of: job, over: session) { gate.seen }
    }

    /// One exchange's judge of the server's key.
    private final class PinGate: NSObject, URLSessionTaskDelegate, @unchecked Sendable {
      private let pins: [Data]
      private let lock = NSLock()
      private var accepted: Data?

      init(pins: [Data]) { self.pins = pins }

      var seen: Data? { lock.withLock { accepted } }

      func urlSession(
        _ session: URLSession,
        didReceive challenge: URLAuthenticationChallenge
      ) async -> (URLSession.AuthChallengeDisposition, URLCredential?) {
        guard let trust = challenge.protectionSpace.serverTrust,
          let chain = SecTrustCopyCertificateChain(trust) as? [SecCertificate],
          let leaf = chain.first,
          let key = SecCertificateCopyKey(leaf),
          let point = SecKeyCopyExternalRepresentation(key, nil) as Data?
        else { return (.cancelAuthenticationChallenge, nil) }
        let pin = Data(SHA256.hash(data: PinnedURLSession.p256Header + point))
        guard pins.contains(pin) else { return (.cancelAuthenticationChallenge, nil) }
        lock.withLock { accepted = pin }
        return (.useCredential, URLCredential(trust: trust))
      }

      func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest
      ) async -> URLRequest? {
        nil
      }
    }
  }
#endif
