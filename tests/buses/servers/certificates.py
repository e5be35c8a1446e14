"""A CA, and certificates that it has signed, made by openssl."""

import subprocess

DAYS = "30"


class Certificates:
    """A CA in a folder: `ca` is its certificate; `issue` makes others."""

    def __init__(self, folder, name="ca"):
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.ca = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        self._run("req", "-x509", *_new(self._key), "-out", self.ca, "-days", DAYS, *_subject(name))

    def issue(self, name):
        """Return certificate and key of `name`, valid for 127.0.0.1 and localhost as well."""
        certificate, key = self._folder / f"{name}.crt", self._folder / f"{name}.pk8"
        request, names = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        names.write_text(f"subjectAltName=DNS:{name},DNS:localhost,IP:127.0.0.1\n")
        self._run("req", *_new(key), "-out", request, *_subject(name))
        signer = ("-CA", self.ca, "-CAkey", self._key, "-CAcreateserial")
        output = ("-out", certificate, "-days", DAYS, "-extfile", names)
        self._run("x509", "-req", "-in", request, *signer, *output)
        key.chmod(0o600)
        return certificate, key

    def _run(self, *arguments):
        command = ["openssl", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def _new(key):
    return ("-newkey", "rsa:2048", "-nodes", "-keyout", key)


def _subject(name):
    return ("-subj", f"/CN={name}")
