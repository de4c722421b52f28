// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace qmtl {

/// Makes this process the owner of a folder while the object lives: a locked file in it tells host, process
/// and when that began. The lock goes with the process, however it ends; the file that it leaves is taken
/// over. A process may own a folder several times.
class FolderLock {
 public:
  /// Waits up to `patience` seconds for an owner to end. Throws Error (data) that names the owner and ends
  /// with `advice`, and Error (data) with the system's reason where locking itself fails.
  FolderLock(const std::string& folder, const std::string& advice, double patience = 0);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  std::string file_;
  int fd_ = -1;
};

}  // namespace qmtl
