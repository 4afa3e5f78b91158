# rowgen for Homebrew on Linux: the program of a release with its manual, completions and pipelines.
#
#   brew install --formula ./rowgen.rb
#
# The sum is zeros here: `scripts/package` writes the formula of a release beside its archive, with the sum of that.
class Rowgen < Formula
  desc "One YAML pipeline file to Parquet, CSV, JSON and Avro at the speed of the machine"
  homepage "https://github.com/rowgen/rowgen"
  url "https://github.com/rowgen/rowgen/releases/download/v0.1.0/rowgen-0.1.0-x86_64-unknown-linux-gnu.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"

  depends_on arch: :x86_64
  depends_on :linux

  def install
    bin.install "rowgen"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/rowgen"
    zsh_completion.install "completions/_rowgen"
    fish_completion.install "completions/rowgen.fish"
    pkgshare.install "pipelines", "data"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/rowgen --version")
    system bin/"rowgen", "init", "orders"
    system bin/"rowgen", "run", "orders.yaml", "--quiet"
    assert_path_exists testpath/"out/orders.parquet"
  end
end
