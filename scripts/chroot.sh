# shellcheck shell=bash
# Debian in a directory, shared by scripts/bare and scripts/matrix: source it after lib.sh. ROOT is the directory.

# The first package mirror that the named files of apt know.
apt_source() {
  { cat "$@" 2>/dev/null || true; } | sed -nE 's/^(URIs:|deb( \[[^]]*\])?) *(https?:[^ ]+).*/\3/p' | awk 'NR == 1'
}

# inside USER COMMAND: in mount, process and IPC namespaces of its own, so that everything ends with it; with network.
# Writes go to the chroot itself, or to LAYER when that is set.
inside() {
  unshare --mount --pid --ipc --uts --fork --kill-child bash -euc '
    R=$1 U=$2 C=$3 L=$4
    if [ -n "$L" ]; then
      mount -t overlay -o "lowerdir=$R,upperdir=$L/upper,workdir=$L/work" overlay "$L/root"
      R=$L/root
    fi
    cp -L /etc/resolv.conf "$R/etc/resolv.conf"
    mount -t proc proc "$R/proc"
    mount -t tmpfs -o mode=755 tmpfs "$R/dev"
    for n in null zero full random urandom tty; do touch "$R/dev/$n"; mount --bind "/dev/$n" "$R/dev/$n"; done
    mkdir -p "$R/dev/shm" "$R/dev/pts"
    mount -t tmpfs -o mode=1777,size=1g tmpfs "$R/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$R/dev/pts"
    ln -s pts/ptmx "$R/dev/ptmx"; ln -s /proc/self/fd "$R/dev/fd"
    ln -s fd/0 "$R/dev/stdin"; ln -s fd/1 "$R/dev/stdout"; ln -s fd/2 "$R/dev/stderr"
    # No exec: this bash is process 1 and reaps orphans, where su would leave killed servers as zombies that look alive.
    chroot "$R" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin su "$U" -s /bin/bash -c "cd; $C" || exit
  ' _ "$ROOT" "$1" "$2" "${LAYER:-}" </dev/null
}
