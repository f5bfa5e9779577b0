// What an app hands to the core when it opens a vault; everything else has a type of its own here.
@_exported import struct ImenaBindings.JoinDraft
@_exported import protocol ImenaBindings.KeyVault
@_exported import enum ImenaBindings.SecurityLevel
@_exported import struct ImenaBindings.StoreConfig
@_exported import enum ImenaBindings.VaultError

// What an app that performs transfers in its own way needs to see.
@_exported import enum ImenaBindings.LinkFailure
@_exported import struct ImenaBindings.TransferJob
@_exported import struct ImenaBindings.TransferReply
