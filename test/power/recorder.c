/*
 * Preloaded into a program, it records in order what the program writes and syncs below one folder, and what it names there.
 *
 *   RECORD_FOLDER   absolute path of the folder
 *   RECORD_LOG      file that records are appended to; without it nothing is recorded
 *   RECORD_SYNC_US  how long a sync takes
 *   RECORD_DIE_IN   the process kills itself in the middle of this one of its `fdatasync`s
 *   RECORD_LIES     if set, syncs leave no record, as on a disk that lies
 *   RECORD_BOOT     what the program reads as the id of this boot, a UUID
 *
 * A write is recorded and made under one lock, so records stand in the order in which the page cache saw the writes, whichever threads made
 * them. Nothing is synced really: what a sync made safe is for the reader of the log to decide, who sees where it began and where it ended.
 * Written to outlive SIGKILL: a record is one append to the log.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* recording.ts reads them. */
enum kind { CREATE = 1, WRITE, WRITE_SYNCED, SYNC_BEGIN, SYNC_END, TRUNCATE, MAKE_FOLDER, RENAME, UNLINK, LINK, MAP, UNKNOWN };

struct header {
  uint32_t kind;
  uint32_t length; /* of what follows */
  uint64_t file;   /* inode */
  uint64_t at;     /* offset of a write, size of a truncation; of SYNC_END and WRITE_SYNCED the record they belong to */
};

#define MAX_FILES 65536
static struct {
  uint64_t inode; /* 0: not below the folder */
  int is_synced;  /* opened with O_SYNC or O_DSYNC */
} files[MAX_FILES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static size_t folder_length;
static int log_file = -1;
static int boot_file = -1;
static uint64_t next_record = 1;
static int data_syncs = 0;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
  folder = getenv("RECORD_FOLDER");
  folder_length = folder == NULL ? 0 : strlen(folder);
  const char *log = getenv("RECORD_LOG");
  if (log != NULL) log_file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/** The lock is held. Returns the number of the record. */
static uint64_t record_parts(enum kind kind, uint64_t file, uint64_t at, const struct iovec *parts, int count) {
  uint64_t length = 0;
  for (int part = 0; part < count; part++) length += parts[part].iov_len;
  struct header header = {kind, (uint32_t)length, file, at};
  struct iovec all[count + 1];
  all[0] = (struct iovec){&header, sizeof header};
  memcpy(all + 1, parts, count * sizeof *parts);
  if (log_file >= 0 && syscall(SYS_writev, log_file, all, count + 1) != (ssize_t)(sizeof header + length)) {
    perror("recorder: the log cannot be written");
    _exit(70);
  }
  return next_record++;
}

static uint64_t record(enum kind kind, uint64_t file, uint64_t at, const void *bytes, size_t length) {
  struct iovec part = {(void *)bytes, length};
  return record_parts(kind, file, at, &part, 1);
}

/** The path below the folder, or NULL. A path that is relative is not looked at: the recorded programs use absolute ones. */
static const char *below(const char *path) {
  if (folder == NULL || path == NULL || strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == '\0') return "";
  return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static uint64_t inode_of(int fd) {
  struct stat about;
  return fstat(fd, &about) == 0 ? about.st_ino : 0;
}

static uint64_t inode_at(const char *path) {
  struct stat about;
  return lstat(path, &about) == 0 ? about.st_ino : 0;
}

/** The inode behind a descriptor if it is below the folder; a descriptor may have been closed and used again behind our back. */
static uint64_t recorded(int fd) {
  if (fd < 0 || fd >= MAX_FILES || files[fd].inode == 0) return 0;
  if (inode_of(fd) == files[fd].inode) return files[fd].inode;
  files[fd].inode = 0;
  return 0;
}

static void record_paths(enum kind kind, uint64_t file, const char *one, const char *other) {
  struct iovec parts[] = {{(void *)one, strlen(one) + 1}, {(void *)other, strlen(other) + 1}};
  record_parts(kind, file, 0, parts, 2);
}

static int opened_boot(void) {
  const char *id = getenv("RECORD_BOOT");
  int fd = memfd_create("boot", 0);
  if (write(fd, id, strlen(id)) < 0) perror("recorder: boot");
  lseek(fd, 0, SEEK_SET);
  return boot_file = fd;
}

static int open_recorded(int at, const char *path, int flags, mode_t mode) {
  if (getenv("RECORD_BOOT") != NULL && path != NULL && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) return opened_boot();
  const char *name = below(path);
  if (name == NULL) {
    int fd = syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fd < MAX_FILES) files[fd].inode = 0;
    return fd;
  }
  pthread_mutex_lock(&lock);
  int is_new = (flags & O_CREAT) != 0 && inode_at(path) == 0;
  int fd = syscall(SYS_openat, at, path, flags & ~(O_SYNC | O_DSYNC), mode);
  if (fd >= 0 && fd < MAX_FILES) {
    files[fd].inode = inode_of(fd);
    files[fd].is_synced = (flags & (O_SYNC | O_DSYNC)) != 0;
    if (is_new) record(CREATE, files[fd].inode, 0, name, strlen(name));
    else if ((flags & O_TRUNC) != 0) record(TRUNCATE, files[fd].inode, 0, "", 0);
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define OPEN_MODE(flags)                                     \
  mode_t mode = 0;                                           \
  if (((flags) & O_CREAT) != 0 || ((flags) & O_TMPFILE) == O_TMPFILE) { \
    va_list more;                                            \
    va_start(more, flags);                                   \
    mode = va_arg(more, mode_t);                             \
    va_end(more);                                            \
  }

int open(const char *path, int flags, ...) { OPEN_MODE(flags) return open_recorded(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { OPEN_MODE(flags) return open_recorded(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { OPEN_MODE(flags) return open_recorded(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { OPEN_MODE(flags) return open_recorded(at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_recorded(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int fd) {
  if (fd >= 0 && fd < MAX_FILES) files[fd].inode = 0;
  return REAL(close)(fd);
}

static int boot_type(int fd, long *type, int result) {
  if (fd == boot_file) *type = 0x9fa0; /* of procfs */
  return result;
}
int fstatfs(int fd, struct statfs *about) { return boot_type(fd, (long *)&about->f_type, REAL(fstatfs)(fd, about)); }
int fstatfs64(int fd, struct statfs64 *about) { return boot_type(fd, (long *)&about->f_type, REAL(fstatfs64)(fd, about)); }

/** @param at offset; -1 where the descriptor stands */
static ssize_t write_recorded(int fd, const struct iovec *parts, int count, off_t at) {
  pthread_mutex_lock(&lock);
  uint64_t file = recorded(fd);
  if (file == 0) {
    pthread_mutex_unlock(&lock);
    return at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
  }
  off_t from = at;
  if (at < 0) {
    struct stat about;
    int is_appending = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
    from = is_appending && fstat(fd, &about) == 0 ? about.st_size : lseek(fd, 0, SEEK_CUR);
  }
  uint64_t number = record_parts(WRITE, file, from, parts, count);
  ssize_t written = at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
  ssize_t wanted = 0;
  for (int part = 0; part < count; part++) wanted += parts[part].iov_len;
  if (written != wanted) record(UNKNOWN, file, 0, "short write", 11);
  else if (files[fd].is_synced && getenv("RECORD_LIES") == NULL) record(WRITE_SYNCED, file, number, "", 0);
  pthread_mutex_unlock(&lock);
  return written;
}

static ssize_t write_one(int fd, const void *bytes, size_t length, off_t at) {
  if (fd < 0 || fd >= MAX_FILES || files[fd].inode == 0)
    return at < 0 ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, at);
  struct iovec part = {(void *)bytes, length};
  return write_recorded(fd, &part, 1, at);
}

ssize_t write(int fd, const void *bytes, size_t length) { return write_one(fd, bytes, length, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return write_one(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return write_one(fd, bytes, length, at); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return write_recorded(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return write_recorded(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return write_recorded(fd, parts, count, at); }
ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
  (void)flags;
  return write_recorded(fd, parts, count, at);
}
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t at, int flags) { return pwritev2(fd, parts, count, at, flags); }

static int sync_recorded(int fd, int (*sync)(int), int is_data) {
  int is_lie = getenv("RECORD_LIES") != NULL;
  pthread_mutex_lock(&lock);
  uint64_t file = recorded(fd);
  if (file == 0) {
    pthread_mutex_unlock(&lock);
    return sync(fd);
  }
  uint64_t number = is_lie ? 0 : record(SYNC_BEGIN, file, 0, "", 0);
  const char *last = is_data ? getenv("RECORD_DIE_IN") : NULL;
  int is_last = last != NULL && ++data_syncs == atoi(last);
  pthread_mutex_unlock(&lock);
  const char *slow = getenv("RECORD_SYNC_US");
  if (slow != NULL) usleep(atoi(slow));
  if (is_last) kill(getpid(), SIGKILL);
  if (is_lie) return 0;
  pthread_mutex_lock(&lock);
  record(SYNC_END, file, number, "", 0);
  pthread_mutex_unlock(&lock);
  return 0;
}

int fdatasync(int fd) { return sync_recorded(fd, REAL(fdatasync), 1); }
int fsync(int fd) { return sync_recorded(fd, REAL(fsync), 0); }

static int truncate_recorded(int fd, off_t size) {
  pthread_mutex_lock(&lock);
  uint64_t file = recorded(fd);
  int result = syscall(SYS_ftruncate, fd, size);
  if (file != 0 && result == 0) record(TRUNCATE, file, size, "", 0);
  pthread_mutex_unlock(&lock);
  return result;
}
int ftruncate(int fd, off_t size) { return truncate_recorded(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncate_recorded(fd, size); }

/* Nothing here writes to files through memory, but for locks that mean nothing after a boot: the reader of the log sees to that. */
static void note_map(int protection, int flags, int fd) {
  pthread_mutex_lock(&lock);
  uint64_t file = (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0 ? recorded(fd) : 0;
  if (file != 0) record(MAP, file, 0, "", 0);
  pthread_mutex_unlock(&lock);
}
void *mmap(void *where, size_t length, int protection, int flags, int fd, off_t at) {
  if (fd >= 0) note_map(protection, flags, fd);
  return (void *)syscall(SYS_mmap, where, length, protection, flags, fd, at);
}
void *mmap64(void *where, size_t length, int protection, int flags, int fd, off64_t at) {
  return mmap(where, length, protection, flags, fd, at);
}
int msync(void *where, size_t length, int flags) {
  pthread_mutex_lock(&lock);
  if (folder != NULL) record(UNKNOWN, 0, 0, "msync", 5);
  pthread_mutex_unlock(&lock);
  return REAL(msync)(where, length, flags);
}

int mkdir(const char *path, mode_t mode) {
  pthread_mutex_lock(&lock);
  int result = REAL(mkdir)(path, mode);
  if (result == 0 && below(path) != NULL) record(MAKE_FOLDER, inode_at(path), 0, below(path), strlen(below(path)));
  pthread_mutex_unlock(&lock);
  return result;
}
char *mkdtemp(char *path) {
  pthread_mutex_lock(&lock);
  char *made = REAL(mkdtemp)(path);
  if (made != NULL && below(made) != NULL) record(MAKE_FOLDER, inode_at(made), 0, below(made), strlen(below(made)));
  pthread_mutex_unlock(&lock);
  return made;
}
int rename(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  int result = REAL(rename)(from, to);
  if (result == 0 && below(from) != NULL && below(to) != NULL) record_paths(RENAME, inode_at(to), below(from), below(to));
  pthread_mutex_unlock(&lock);
  return result;
}
int link(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  int result = REAL(link)(from, to);
  if (result == 0 && below(to) != NULL) record_paths(LINK, inode_at(to), below(from) != NULL ? below(from) : "", below(to));
  pthread_mutex_unlock(&lock);
  return result;
}
static int remove_recorded(const char *path, int (*remove)(const char *)) {
  pthread_mutex_lock(&lock);
  uint64_t file = below(path) != NULL ? inode_at(path) : 0;
  int result = remove(path);
  if (result == 0 && file != 0) record(UNLINK, file, 0, below(path), strlen(below(path)));
  pthread_mutex_unlock(&lock);
  return result;
}
int unlink(const char *path) { return remove_recorded(path, REAL(unlink)); }
int rmdir(const char *path) { return remove_recorded(path, REAL(rmdir)); }
/* So Node.js removes folders with all that is in them since 26. */
int unlinkat(int folder, const char *name, int flags) {
  char path[PATH_MAX + NAME_MAX + 2], link[64];
  if (folder == AT_FDCWD || name[0] == '/') {
    snprintf(path, sizeof path, "%s", name);
  } else {
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length < 0) return -1;
    snprintf(path + length, sizeof path - (size_t)length, "/%s", name);
  }
  return (flags & AT_REMOVEDIR) != 0 ? rmdir(path) : unlink(path);
}
