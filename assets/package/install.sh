#!/bin/sh
# Installs Streamgauge for you alone, in ~/.local, or elsewhere:
#
#   ./install.sh                     install into ~/.local
#   sudo ./install.sh /usr/local     install for everyone
#   ./install.sh --remove [PREFIX]   take it away again
#
# Settings are not touched.
set -eu
cd "$(dirname "$0")"
id=io.github.streamgauge

remove=
case ${1-} in
--remove)
    remove=yes
    shift
    ;;
-*)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
prefix=${1:-$HOME/.local}

if [ -n "$remove" ]; then
    rm -f "$prefix/bin/streamgauge" "$prefix/bin/sgauge" "$prefix/share/applications/$id.desktop"
    rm -f "$prefix"/share/icons/hicolor/*/apps/$id.png "$prefix/share/icons/hicolor/scalable/apps/$id.svg"
    echo "removed from $prefix"
    exit 0
fi

for file in bin/* share/applications/* share/icons/hicolor/*/apps/*; do
    mkdir -p "$prefix/$(dirname "$file")"
    cp "$file" "$prefix/$file"
done
# The desktop may not have $prefix/bin on its path.
sed -i "s,^Exec=streamgauge,Exec=\"$prefix/bin/streamgauge\"," "$prefix/share/applications/$id.desktop"
if command -v update-desktop-database >/dev/null; then
    update-desktop-database -q "$prefix/share/applications" || true
fi
echo "installed into $prefix: start streamgauge, or Streamgauge from the menu"
case :$PATH: in
*:"$prefix/bin":*) ;;
*) echo "for the terminal add $prefix/bin to your PATH" ;;
esac
