import Foundation

/// A key in a file, for training and tests: whoever copies the folder has it. Phones use their chip.
public final class SoftwareVault: KeyVault {
  private let inner: SoftwareKeyVault

  /// Opens the vault of a folder, or makes it.
  public init(folder: String) throws {
    inner = try calling { try SoftwareKeyVault.atFolder(dir: folder) }
  }

  public func wrapKey(key: Data) throws -> Data { try inner.wrapKey(key: key) }
  public func unwrapKey(wrapped: Data) throws -> Data { try inner.unwrapKey(wrapped: wrapped) }
  public func deviceSpki() throws -> Data { try inner.deviceSpki() }
  public func sign(message: Data) throws -> Data { try inner.sign(message: message) }
  public func renewDeviceKey() throws { try inner.renewDeviceKey() }
  public func level() throws -> SecurityLevel { .software }
}
