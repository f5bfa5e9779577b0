"""The software key of a folder as a KeyVault: what a phone's chip is to the apps."""

from imena_ffi import KeyVault, SecurityLevel, SoftwareKeyVault


class SoftwareVault(KeyVault):
    """Whoever copies the folder has the key: for scripts, training and tests."""

    def __init__(self, folder):
        self.inner = SoftwareKeyVault.at_folder(str(folder))

    def wrap_key(self, key):
        return self.inner.wrap_key(key)

    def unwrap_key(self, wrapped):
        return self.inner.unwrap_key(wrapped)

    def device_spki(self):
        return self.inner.device_spki()

    def sign(self, message):
        return self.inner.sign(message)

    def renew_device_key(self):
        self.inner.renew_device_key()

    def level(self):
        return SecurityLevel.SOFTWARE
