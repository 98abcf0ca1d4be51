{
  'target_defaults': {
    'defines': [
      'NAPI_VERSION=9',
      'NAPI_DISABLE_CPP_EXCEPTIONS',
      'NODE_ADDON_API_DISABLE_DEPRECATED',
      # A worker that is being terminated cannot be thrown at; without this, to try it ends the process.
      'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
    ],
    'cflags': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-pthread'],
    'cflags_cc': ['-std=c++17'],
    'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
    'configurations': {
      'Release': {'cflags!': ['-O3'], 'cflags': ['-O2']},
    },
    # nodelete: the addon registers a fork handler, and Node closes the library with the last worker that loaded it.
    'ldflags': ['-pthread', '-Wl,-z,nodelete', '-Wl,-z,relro', '-Wl,-z,now'],
  },
  'targets': [
    {
      'target_name': 'ringway',
      'sources': [
        'src/addon.cc',
        'src/arguments.cc',
        'src/copy_calls.cc',
        'src/copy_data.cc',
        'src/descriptor.cc',
        'src/descriptor_calls.cc',
        'src/environment.cc',
        'src/fault_guard.cc',
        'src/fence.cc',
        'src/fence_calls.cc',
        'src/yield.cc',
        'src/yield_calls.cc',
        'src/file_lock.cc',
        'src/file_lock_calls.cc',
        'src/fork_guard.cc',
        'src/fork_guard_calls.cc',
        'src/futex.cc',
        'src/futex_calls.cc',
        'src/held_words.cc',
        'src/mapping.cc',
        'src/mapping_calls.cc',
        'src/posix_calls.cc',
        'src/posix_descriptor.cc',
        'src/posix_descriptor_calls.cc',
        'src/posix_mapping.cc',
        'src/posix_registry.cc',
        'src/record_lock.cc',
        'src/record_lock_calls.cc',
        'src/record_lock_wait.cc',
        'src/record_lock_waits.cc',
        'src/report_queue.cc',
        'src/shared_range.cc',
        'src/wait_pool.cc',
        'src/wait_thread.cc',
        'src/waiter.cc',
        'src/watch_calls.cc',
      ],
    },
  ],
  'conditions': [
    # For the tests alone, since JavaScript cannot fork without exec, nor raise a fault of its own; the published package has no tests.
    ['"<!(node -p "fs.existsSync(\'test/fixtures/forker.cc\')")"=="true"', {
      'targets': [
        {
          'target_name': 'forker',
          'sources': ['test/fixtures/forker.cc'],
          # Lands in lib.target/, away from what is published.
          'type': 'shared_library',
        },
        {
          'target_name': 'faulter',
          'sources': ['test/fixtures/faulter.cc'],
          'type': 'shared_library',
        },
      ],
    }],
  ],
}
