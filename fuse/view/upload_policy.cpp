#include "fuse/view/upload_policy.hpp"

namespace fuse {

bool must_upload(const Profile& profile, Occasion occasion, const WriteState& state) {
  if (occasion == Occasion::close && !profile.uploads_at_close) return false;
  if (occasion == Occasion::fsync && !profile.uploads_at_fsync) return false;
  if (state.created && profile.new_file_is_dirty) return true;
  switch (profile.dirty) {
    case Profile::Dirty::since_upload:
      return state.wrote_since;
    case Profile::Dirty::for_ever:
      return state.wrote;
    case Profile::Dirty::by_time:
      return state.time_changed;
  }
  return false;
}

}  // namespace fuse
