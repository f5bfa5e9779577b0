import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Performs one HTTP exchange that the core described; judges nothing.
public protocol TransferPerforming: Sendable {
  /// Throws only `CancellationError`.
  func perform(_ job: TransferJob) async throws -> Performed
}

/// What came of an exchange.
public enum Performed: Sendable {
  /// What the hub, or whoever stood in its place, answered.
  case reply(TransferReply)
  /// Why there is no answer.
  case failed(LinkFailure)
}

/// One exchange over a session of URLSession: what is the same whether it pins or a door does so for it.
public struct URLExchange: Sendable {
  /// No byte for this long: the link is dead.
  public static let idleTimeout: TimeInterval = 30

  /// Without cookies, caches and proxies: nothing of one exchange reaches another.
  public static var configuration: URLSessionConfiguration {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = idleTimeout
    configuration.requestCachePolicy = .reloadIgnoringLocalAndRemoteCacheData
    configuration.httpCookieStorage = nil
    configuration.connectionProxyDictionary = [:]
    return configuration
  }

  /// The request of a job at a scheme and address.
  public static func request(_ job: TransferJob, scheme: String, address: String) throws -> URLRequest {
    guard let url = URL(string: "\(scheme)://\(address)\(job.path)") else { throw URLError(.badURL) }
    var request = URLRequest(url: url)
    switch job.method {
    case .get: request.httpMethod = "GET"
    case .post: request.httpMethod = "POST"
    case .put: request.httpMethod = "PUT"
    }
    for header in job.headers { request.setValue(header.value, forHTTPHeaderField: header.name) }
    switch job.body {
    case .empty: break
    case .bytes(let bytes): request.httpBody = bytes
    case .fileSlice(let path, let offset, let length):
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      try file.seek(toOffset: offset)
      request.httpBody = try file.read(upToCount: Int(length)) ?? Data()
    }
    return request
  }

  /// Sends it; `pin` says afterwards which key was seen.
  public static func send(
    _ request: URLRequest,
    of job: TransferJob,
    over session: URLSession,
    pin: @escaping @Sendable () -> Data?
  ) async throws -> Performed {
    let running = Running()
    let performed: Performed = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let task = session.dataTask(with: request) { data, response, error in
          continuation.resume(returning: outcome(data, response, error, job, pin()))
        }
        running.start(task)
      }
    } onCancel: {
      running.cancel()
    }
    try Task.checkCancellation()
    return performed
  }

  private static func outcome(
    _ data: Data?,
    _ response: URLResponse?,
    _ error: (any Error)?,
    _ job: TransferJob,
    _ pin: Data?
  ) -> Performed {
    if let response = response as? HTTPURLResponse, let pin {
      let type = response.value(forHTTPHeaderField: "content-type") ?? ""
      // One byte more than allowed tells the core that it is no hub's reply.
      let body = (data ?? Data()).prefix(Int(clamping: job.replyBytesMax) + 1)
      let status = UInt16(clamping: response.statusCode)
      return .reply(.init(status: status, contentType: type, body: .bytes(bytes: Data(body)), pinSeen: pin))
    }
    switch (error as? URLError)?.code {
    case .timedOut: return .failed(.timedOut)
    case .cannotConnectToHost, .cannotFindHost, .notConnectedToInternet: return .failed(.unreachable)
    case .cancelled, .serverCertificateUntrusted, .secureConnectionFailed: return .failed(.wrongPin)
    default: return .failed(.cut)
    }
  }
}

/// A task that may be cancelled before or after it was started.
private final class Running: @unchecked Sendable {
  private let lock = NSLock()
  private var task: URLSessionTask?
  private var isCancelled = false

  func start(_ task: URLSessionTask) {
    let mayRun = lock.withLock {
      self.task = task
      return !isCancelled
    }
    task.resume()
    if !mayRun { task.cancel() }
  }

  func cancel() {
    let task = lock.withLock {
      isCancelled = true
      return self.task
    }
    task?.cancel()
  }
}
